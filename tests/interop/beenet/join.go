package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/ethersphere/bee/v2/pkg/cac"
	"github.com/ethersphere/bee/v2/pkg/file/joiner"
	"github.com/ethersphere/bee/v2/pkg/file/loadsave"
	"github.com/ethersphere/bee/v2/pkg/file/redundancy"
	"github.com/ethersphere/bee/v2/pkg/file/redundancy/getter"
	"github.com/ethersphere/bee/v2/pkg/manifest"
	"github.com/ethersphere/bee/v2/pkg/soc"
	"github.com/ethersphere/bee/v2/pkg/storage"
	"github.com/ethersphere/bee/v2/pkg/storage/inmemchunkstore"
	"github.com/ethersphere/bee/v2/pkg/swarm"
)

// join: bee's own joiner and manifests, over the chunks of a gateway; bee's network layer would
// check each chunk as here.
func join(args []string) {
	fs := flag.NewFlagSet("join", flag.ExitOnError)
	gateway := fs.String("gateway", "", "base URL of an API with /chunks")
	ref := fs.String("ref", "", "reference (64 or 128 hex)")
	feed := fs.String("feed", "", "instead of ref: OWNER/TOPIC of a sequence feed, the newest update")
	path := fs.String("path", "", "treat ref as a manifest and look this path up")
	outF := fs.String("out", "", "write here")
	limit := fs.Duration("time", 60*time.Second, "give up after")
	fs.Parse(args)
	ctx, cancel := context.WithTimeout(context.Background(), *limit)
	defer cancel()
	// By itself bee asks for the data alone first; when one lacks, it gives up all that are under way and counts
	// them as lost, so that whether it recovers depends on which answer comes first.
	ctx = getter.SetStrategy(ctx, getter.RACE)
	requests := 0
	store := inmemchunkstore.New()
	get := storageGetter(func(ctx context.Context, a swarm.Address) (swarm.Chunk, error) {
		if ch, err := store.Get(ctx, a); err == nil {
			return ch, nil
		}
		q, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(*gateway, "/")+"/chunks/"+a.String(), nil)
		if err != nil {
			return nil, err
		}
		requests++
		r, err := http.DefaultClient.Do(q)
		if err != nil {
			return nil, err
		}
		defer r.Body.Close()
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		if r.StatusCode == http.StatusNotFound {
			return nil, storage.ErrNotFound
		}
		ch := swarm.NewChunk(a, data)
		if r.StatusCode != http.StatusOK || (!cac.Valid(ch) && !soc.Valid(ch)) {
			return nil, fmt.Errorf("status %d, or a wrong chunk", r.StatusCode)
		}
		return ch, nil
	})
	if *feed != "" {
		root, err := newest(ctx, get, *feed)
		if err == nil {
			err = store.Put(ctx, root)
		}
		if err != nil {
			die(err)
		}
		*ref = root.Address().String()
	}
	addr, err := swarm.ParseHexAddress(*ref)
	if err != nil {
		die(err)
	}
	if *path != "" {
		m, err := manifest.NewDefaultManifestReference(addr, loadsave.NewReadonly(get, store, redundancy.PARANOID))
		if err != nil {
			die(err)
		}
		e, err := m.Lookup(ctx, *path)
		if err != nil {
			die(err)
		}
		addr = e.Reference()
	}
	j, size, err := joiner.New(ctx, get, store, addr, redundancy.PARANOID)
	if err != nil {
		die(err)
	}
	var w io.Writer = io.Discard
	if *outF != "" {
		f, err := os.Create(*outF)
		if err != nil {
			die(err)
		}
		defer f.Close()
		w = f
	}
	n, err := io.Copy(w, j)
	if err == nil && n != size {
		err = errors.New("short")
	}
	if err != nil {
		die(err)
	}
	emit(map[string]any{"event": "joined", "size": size, "requests": requests})
}
