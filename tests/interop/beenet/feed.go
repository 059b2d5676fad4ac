package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethersphere/bee/v2/pkg/crypto"
	"github.com/ethersphere/bee/v2/pkg/feeds"
	"github.com/ethersphere/bee/v2/pkg/feeds/factory"
	"github.com/ethersphere/bee/v2/pkg/feeds/sequence"
	"github.com/ethersphere/bee/v2/pkg/storage"
	"github.com/ethersphere/bee/v2/pkg/swarm"
)

// One for each topic; it counts the updates.
var updaters = map[string]feeds.Updater{}

// update: the next one of a sequence feed, by bee's own updater; its content is an instant and a reference.
func update(ctx context.Context, put storage.Putter, name, reference string) (string, error) {
	u := updaters[name]
	if u == nil {
		seed, topic := sha256.Sum256([]byte("key of "+name)), sha256.Sum256([]byte(name))
		key, err := crypto.DecodeSecp256k1PrivateKey(seed[:])
		if err != nil {
			return "", err
		}
		if u, err = sequence.NewUpdater(put, crypto.NewDefaultSigner(key), topic[:]); err != nil {
			return "", err
		}
		updaters[name] = u
	}
	ref, err := hex.DecodeString(reference)
	if err != nil {
		return "", err
	}
	at := time.Now().Unix()
	f := u.Feed()
	if err := u.Update(ctx, at, append(binary.BigEndian.AppendUint64(nil, uint64(at)), ref...)); err != nil {
		return "", err
	}
	return hex.EncodeToString(f.Owner[:]) + "/" + hex.EncodeToString(f.Topic), nil
}

// newest: what the newest update of OWNER/TOPIC wraps, by bee's own look-up; a root chunk.
func newest(ctx context.Context, get storage.Getter, name string) (swarm.Chunk, error) {
	owner, topic, found := strings.Cut(name, "/")
	t, err := hex.DecodeString(topic)
	if !found || err != nil || !common.IsHexAddress(owner) {
		return nil, errors.New("a feed is OWNER/TOPIC in hex")
	}
	l, err := factory.New(get).NewLookup(feeds.Sequence, feeds.New(t, common.HexToAddress(owner)))
	if err != nil {
		return nil, err
	}
	ch, err := feeds.Latest(ctx, l, 0)
	if err != nil {
		return nil, err
	}
	if ch == nil {
		return nil, errors.New("the feed has no update")
	}
	v1, err := feeds.IsV1Payload(ch)
	if err != nil {
		return nil, err
	}
	return feeds.GetWrappedChunk(ctx, get, ch, v1)
}
