// beenet: real Swarm peers on loopback, without a chain, from bee's own packages.
//
//	beenet serve [-n 5] [-port 17000] [-place one|all|near] [-api 127.0.0.1:1633] FILESPEC...
//	beenet get   -peer MULTIADDR[,MULTIADDR] -ref HEX [-path P] [-out F] [-par BYTES] [-nopay] [-noacc]
//	beenet join  -gateway URL -ref HEX [-path P] [-out F]	(bee's joiner over a gateway's /chunks)
//	beenet split FILESPEC...           (reference and chunk count, no network)
//	beenet bench [MIB [plain]]         (hashing and splitting speed; plain: no encryption, redundancy)
//
// FILESPEC is PATH[,enc][,r=0..4][,bzz]   or DIR,dir[,index=NAME][,enc][,r=..]
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"mime"
	"os"
	"os/signal"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ethersphere/bee/v2/pkg/file/joiner"
	"github.com/ethersphere/bee/v2/pkg/file/loadsave"
	"github.com/ethersphere/bee/v2/pkg/file/pipeline"
	"github.com/ethersphere/bee/v2/pkg/file/pipeline/builder"
	"github.com/ethersphere/bee/v2/pkg/file/redundancy"
	"github.com/ethersphere/bee/v2/pkg/manifest"
	"github.com/ethersphere/bee/v2/pkg/storage"
	"github.com/ethersphere/bee/v2/pkg/storage/inmemchunkstore"
	"github.com/ethersphere/bee/v2/pkg/swarm"
	ma "github.com/multiformats/go-multiaddr"
)

var out = json.NewEncoder(os.Stdout)
var outMu sync.Mutex

func emit(v any) { outMu.Lock(); defer outMu.Unlock(); _ = out.Encode(v) }
func die(err error) {
	fmt.Fprintln(os.Stderr, "beenet:", err)
	os.Exit(1)
}

type putFn func(context.Context, swarm.Chunk) error

func (f putFn) Put(ctx context.Context, ch swarm.Chunk) error { return f(ctx, ch) }

type result struct {
	File      string  `json:"file"`
	Reference string  `json:"reference"`
	Kind      string  `json:"kind"` // bytes or bzz
	Size      int64   `json:"size"`
	Encrypted bool    `json:"encrypted"`
	Level     int     `json:"redundancy"`
	Chunks    int64   `json:"chunks_put"`
	SplitMBs  float64 `json:"split_mb_s"`
	Data      string  `json:"data_reference,omitempty"`
	Feed      string  `json:"feed,omitempty"` // OWNER/TOPIC of the update that names it
}

func addSpec(ctx context.Context, spec string, get storage.Getter, put storage.Putter) (res result, err error) {
	f := strings.Split(spec, ",")
	res.File, res.Kind = f[0], "bytes"
	enc, lvl, bzz, dir, index, topic := false, redundancy.NONE, false, false, "", ""
	for _, o := range f[1:] {
		switch {
		case o == "enc":
			enc = true
		case o == "bzz":
			bzz = true
		case o == "dir":
			dir = true
		case strings.HasPrefix(o, "index="):
			index = o[6:]
		case strings.HasPrefix(o, "feed="):
			topic = o[5:]
		case strings.HasPrefix(o, "r="):
			v, _ := strconv.Atoi(o[2:])
			lvl = redundancy.Level(v)
		default:
			return res, fmt.Errorf("bad option %q", o)
		}
	}
	res.Encrypted, res.Level = enc, int(lvl)
	var cnt atomic.Int64
	p := putFn(func(ctx context.Context, ch swarm.Chunk) error { cnt.Add(1); return put.Put(ctx, ch) })
	fac := func() pipeline.Interface { return builder.NewPipelineBuilder(ctx, p, enc, lvl) }
	t0 := time.Now()
	feed := func(path string) (swarm.Address, error) {
		fh, err := os.Open(path)
		if err != nil {
			return swarm.ZeroAddress, err
		}
		defer fh.Close()
		st, _ := fh.Stat()
		res.Size += st.Size()
		return builder.FeedPipeline(ctx, fac(), fh)
	}
	ls := loadsave.New(get, p, fac, lvl)
	ctype := func(n string) string {
		if t := mime.TypeByExtension(filepath.Ext(n)); t != "" {
			return t
		}
		return "application/octet-stream"
	}
	switch {
	case dir:
		res.Kind = "bzz"
		m, err := manifest.NewDefaultManifest(ls, enc)
		if err != nil {
			return res, err
		}
		var names []string
		filepath.Walk(f[0], func(q string, i os.FileInfo, e error) error {
			if e == nil && i.Mode().IsRegular() {
				names = append(names, q)
			}
			return nil
		})
		sort.Strings(names)
		for _, q := range names {
			r, err := feed(q)
			if err != nil {
				return res, err
			}
			rel, _ := filepath.Rel(f[0], q)
			if err := m.Add(ctx, rel, manifest.NewEntry(r, map[string]string{
				manifest.EntryMetadataContentTypeKey: ctype(q), manifest.EntryMetadataFilenameKey: filepath.Base(q)})); err != nil {
				return res, err
			}
		}
		if index != "" {
			if err := m.Add(ctx, manifest.RootPath, manifest.NewEntry(swarm.ZeroAddress, map[string]string{manifest.WebsiteIndexDocumentSuffixKey: index})); err != nil {
				return res, err
			}
		}
		r, err := m.Store(ctx)
		if err != nil {
			return res, err
		}
		res.Reference = r.String()
	default:
		r, err := feed(f[0])
		if err != nil {
			return res, err
		}
		res.Reference = r.String()
		if bzz {
			res.Kind, res.Data = "bzz", r.String()
			name := filepath.Base(f[0])
			m, err := manifest.NewDefaultManifest(ls, enc)
			if err != nil {
				return res, err
			}
			if err := m.Add(ctx, manifest.RootPath, manifest.NewEntry(swarm.ZeroAddress, map[string]string{manifest.WebsiteIndexDocumentSuffixKey: name})); err != nil {
				return res, err
			}
			if err := m.Add(ctx, name, manifest.NewEntry(r, map[string]string{
				manifest.EntryMetadataContentTypeKey: ctype(name), manifest.EntryMetadataFilenameKey: name})); err != nil {
				return res, err
			}
			r2, err := m.Store(ctx)
			if err != nil {
				return res, err
			}
			res.Reference = r2.String()
		}
	}
	if topic != "" {
		if res.Feed, err = update(ctx, p, topic, res.Reference); err != nil {
			return res, err
		}
	}
	res.Chunks = cnt.Load()
	res.SplitMBs = float64(res.Size) / 1e6 / time.Since(t0).Seconds()
	return res, nil
}

func commonFlags(fs *flag.FlagSet, c *config, verb *string) {
	fs.Uint64Var(&c.networkID, "network-id", 10, "Swarm network id (1 = mainnet)")
	fs.Uint64Var(&c.price, "price", 10000, "accounting units per proximity step (bee: 10000; 0 = free)")
	fs.Int64Var(&c.paymentThreshold, "payment-threshold", 13_500_000, "")
	fs.Int64Var(&c.tolerance, "payment-tolerance", 25, "percent")
	fs.Int64Var(&c.early, "payment-early", 50, "percent")
	fs.StringVar(verb, "v", "none", "bee log verbosity: none,error,warning,info,debug,all")
}

func serve(args []string) {
	t0 := time.Now()
	fs := flag.NewFlagSet("serve", flag.ExitOnError)
	var c config
	var verb string
	commonFlags(fs, &c, &verb)
	n := fs.Int("n", 5, "number of full nodes")
	port := fs.Int("port", 17000, "first TCP port on 127.0.0.1")
	place := fs.String("place", "one", "one: all chunks on node 0; all: on every node; near: on all nodes of the best proximity order")
	copies := fs.Int("copies", 1, "with -place near: at least so many")
	radius := fs.Int("radius", 31, "storage radius told to retrieval and status")
	seed := fs.String("seed", "s", "keys derive from this (same seed = same peer ids and overlays)")
	apiAddr := fs.String("api", "", "serve bee's HTTP API of node 0 here (loopback)")
	caching := fs.Bool("caching", false, "forwarders cache (bee's default is true)")
	lossy := fs.Int("drop", 0, "drop every k-th chunk (tests redundancy); 0 = none")
	fs.Parse(args)
	c.radius, c.full, c.caching, c.logger = uint8(*radius), true, *caching, newLogger(verb)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	var nodes []*node
	for i := 0; i < *n; i++ {
		ci := c
		ci.addr = fmt.Sprintf("127.0.0.1:%d", *port+i)
		ci.seed = fmt.Sprintf("%s/%d", *seed, i)
		ci.dbStore = i == 0 && *apiAddr != ""
		if i > 0 {
			m, _ := ma.NewMultiaddr(nodes[0].underlays()[0])
			ci.peers = []ma.Multiaddr{m}
		}
		nd, err := newNode(ctx, ci)
		if err != nil {
			die(err)
		}
		nodes = append(nodes, nd)
		emit(map[string]any{"event": "node", "i": i, "underlay": nd.underlays(), "overlay": nd.overlay.String(), "eth": nd.ethAddr.Hex(), "network_id": c.networkID})
	}
	scratch := inmemchunkstore.New()
	var k atomic.Int64
	put := putFn(func(ctx context.Context, ch swarm.Chunk) error {
		if err := scratch.Put(ctx, ch); err != nil {
			return err
		}
		if *lossy > 0 && k.Add(1)%int64(*lossy) == 0 {
			return nil
		}
		switch *place {
		case "one":
			return nodes[0].put(ctx, ch)
		case "all":
			for _, nd := range nodes {
				if err := nd.put(ctx, ch); err != nil {
					return err
				}
			}
			return nil
		}
		idx := make([]int, len(nodes))
		for i := range idx {
			idx[i] = i
		}
		sort.Slice(idx, func(a, b int) bool {
			cl, _ := nodes[idx[a]].overlay.Closer(ch.Address(), nodes[idx[b]].overlay)
			return cl
		})
		// All nodes of the best proximity order hold the chunk, as a neighbourhood does: bee's
		// kademlia does not look for a peer that is nearer than itself within the same order.
		best := swarm.Proximity(nodes[idx[0]].overlay.Bytes(), ch.Address().Bytes())
		for j, i := range idx {
			if j >= *copies && swarm.Proximity(nodes[i].overlay.Bytes(), ch.Address().Bytes()) < best {
				break
			}
			if err := nodes[i].put(ctx, ch); err != nil {
				return err
			}
		}
		return nil
	})
	for _, spec := range fs.Args() {
		r, err := addSpec(ctx, spec, scratch, put)
		if err != nil {
			die(fmt.Errorf("%s: %w", spec, err))
		}
		emit(map[string]any{"event": "file", "file": r})
	}
	if *apiAddr != "" {
		if err := serveAPI(ctx, nodes[0], *apiAddr); err != nil {
			die(err)
		}
		emit(map[string]any{"event": "api", "addr": *apiAddr})
	}
	scratch = nil
	// wait until the mesh is there
	for d := time.Now().Add(30 * time.Second); time.Now().Before(d) && *n > 1; time.Sleep(50 * time.Millisecond) {
		ok := true
		for _, nd := range nodes {
			ok = ok && len(nd.p2p.Peers()) >= min(*n-1, 4)
		}
		if ok {
			break
		}
	}
	var pc []int
	for _, nd := range nodes {
		pc = append(pc, len(nd.p2p.Peers()))
	}
	emit(map[string]any{"event": "ready", "seconds": time.Since(t0).Seconds(), "peers": pc, "hwm_kb": rssKB()})
	tk := time.NewTicker(500 * time.Millisecond)
	bl := map[string]bool{}
	for {
		select {
		case <-ctx.Done():
			for i, nd := range nodes {
				if nd.store != nil {
					emit(map[string]any{"event": "stats", "i": i, "hits": nd.store.hits.Load(), "misses": nd.store.misses.Load()})
				}
			}
			emit(map[string]any{"event": "exit", "hwm_kb": rssKB()})
			return
		case <-tk.C:
			for i, nd := range nodes {
				ps, _ := nd.p2p.BlocklistedPeers()
				for _, p := range ps {
					key := fmt.Sprint(i, p.Address, p.Duration)
					if !bl[key] {
						bl[key] = true
						emit(map[string]any{"event": "blocklisted", "by": i, "peer": p.Address.String(), "seconds": p.Duration.Seconds(), "reason": p.Reason, "t": time.Since(t0).Seconds()})
					}
				}
			}
		}
	}
}

func get(args []string) {
	fs := flag.NewFlagSet("get", flag.ExitOnError)
	var c config
	var verb string
	commonFlags(fs, &c, &verb)
	peers := fs.String("peer", "", "comma separated underlays")
	ref := fs.String("ref", "", "reference (64 or 128 hex)")
	path := fs.String("path", "", "treat ref as a manifest and look this path up")
	outF := fs.String("out", "", "write here")
	par := fs.Int("par", 1<<20, "read-ahead in bytes (bee's joiner fetches that much in parallel)")
	limit := fs.Duration("time", 60*time.Second, "give up after")
	want := fs.Int("want", 1, "wait for this many peers")
	full := fs.Bool("claim-full", false, "claim full_node in the handshake")
	rl := fs.Int("r", 0, "redundancy level hint for the root replicas")
	fs.BoolVar(&c.noPay, "nopay", false, "never refresh (no pseudosettle)")
	fs.BoolVar(&c.noAcc, "noacc", false, "ignore own debt")
	fs.BoolVar(&c.noHive, "nohive", false, "stay with the given peers")
	seed := fs.String("seed", fmt.Sprint("c", os.Getpid()), "identity")
	reject := fs.String("reject", "", "protocols not to speak: pingpong,hive,pricing,pseudosettle,status,retrieval")
	fs.Parse(args)
	c.reject = map[string]bool{}
	for _, r := range strings.Split(*reject, ",") {
		c.reject[r] = true
	}
	c.seed, c.full, c.logger, c.radius = *seed, *full, newLogger(verb), 31
	c.addr = fmt.Sprintf("127.0.0.1:%d", freePort())
	for _, p := range strings.Split(*peers, ",") {
		m, err := ma.NewMultiaddr(p)
		if err != nil {
			die(err)
		}
		c.peers = append(c.peers, m)
	}
	ctx, cancel := context.WithTimeout(context.Background(), *limit)
	defer cancel()
	t0 := time.Now()
	n, err := newNode(ctx, c)
	if err != nil {
		die(err)
	}
	for ctx.Err() == nil && len(n.p2p.Peers()) < *want {
		time.Sleep(2 * time.Millisecond)
	}
	tc := time.Since(t0)
	time.Sleep(300 * time.Millisecond) // let pricing and accounting.Connect settle
	if len(n.p2p.Peers()) == 0 {
		emit(map[string]any{"event": "dropped", "overlay": n.overlay.String(), "t": time.Since(t0).Seconds()})
		os.Exit(3)
	}
	if rtt, err := n.ping.Ping(ctx, n.p2p.Peers()[0].Address, "hey"); err == nil {
		emit(map[string]any{"event": "connected", "overlay": n.overlay.String(), "peers": len(n.p2p.Peers()), "seconds": tc.Seconds(), "ping_ms": float64(rtt.Microseconds()) / 1e3})
	} else {
		emit(map[string]any{"event": "connected", "overlay": n.overlay.String(), "peers": len(n.p2p.Peers()), "seconds": tc.Seconds(), "ping_error": err.Error()})
	}
	go func() { // watch the connection
		was := len(n.p2p.Peers())
		for {
			time.Sleep(20 * time.Millisecond)
			if now := len(n.p2p.Peers()); now != was {
				emit(map[string]any{"event": "peers", "n": now, "t": time.Since(t0).Seconds()})
				was = now
			}
		}
	}()
	var chunks, bytesN, fails atomic.Int64
	var mu sync.Mutex
	perSec := map[int]int{}
	t1 := time.Now()
	var first atomic.Int64
	netGet := storageGetter(func(ctx context.Context, a swarm.Address) (swarm.Chunk, error) {
		if ch, err := n.store.ChunkStore.Get(ctx, a); err == nil {
			return ch, nil
		}
		ch, err := n.retr.RetrieveChunk(ctx, a, swarm.ZeroAddress)
		if err != nil {
			if fails.Add(1) <= 5 {
				emit(map[string]any{"event": "chunk_error", "addr": a.String(), "error": err.Error(), "t": time.Since(t1).Seconds(), "after_chunks": chunks.Load()})
			}
			return nil, err
		}
		_ = n.store.Put(ctx, ch)
		first.CompareAndSwap(0, int64(time.Since(t1)))
		chunks.Add(1)
		bytesN.Add(int64(len(ch.Data())))
		mu.Lock()
		perSec[int(time.Since(t1).Seconds())]++
		mu.Unlock()
		return ch, nil
	})
	addr, err := swarm.ParseHexAddress(*ref)
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
	var total int64
	if *path != "" {
		m, err := manifest.NewDefaultManifestReference(addr, loadsave.NewReadonly(netGet, n.store, redundancy.Level(*rl)))
		if err == nil {
			var e manifest.Entry
			if e, err = m.Lookup(ctx, *path); err == nil {
				addr = e.Reference()
				emit(map[string]any{"event": "entry", "path": *path, "reference": addr.String(), "metadata": e.Metadata()})
			}
		}
		if err != nil {
			die(fmt.Errorf("manifest: %w", err))
		}
	}
	j, size, err := joiner.New(ctx, netGet, n.store, addr, redundancy.Level(*rl))
	if err == nil {
		total, err = io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{j}, make([]byte, *par))
	}
	dt := time.Since(t1).Seconds()
	var hist []int
	mu.Lock()
	for i := 0; i <= int(dt); i++ {
		hist = append(hist, perSec[i])
	}
	mu.Unlock()
	r := map[string]any{"event": "done", "size": size, "bytes": total, "chunks": chunks.Load(), "seconds": dt, "chunks_s": float64(chunks.Load()) / dt,
		"mb_s": float64(total) / 1e6 / dt, "first_chunk_s": float64(first.Load()) / 1e9, "per_second": hist, "failed": fails.Load(), "peers": len(n.p2p.Peers()), "hwm_kb": rssKB()}
	bal := map[string]string{}
	if b, e := n.acc.Balances(); e == nil {
		for k, v := range b {
			bal[k[:8]] = v.String()
		}
	}
	r["balances"] = bal
	if err != nil && !errors.Is(err, io.EOF) {
		r["error"] = err.Error()
	}
	emit(r)
	if err != nil {
		os.Exit(2)
	}
}

type storageGetter func(context.Context, swarm.Address) (swarm.Chunk, error)

func (f storageGetter) Get(ctx context.Context, a swarm.Address) (swarm.Chunk, error) {
	return f(ctx, a)
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: beenet serve|get|split ...")
		os.Exit(64)
	}
	switch os.Args[1] {
	case "serve":
		serve(os.Args[2:])
	case "get":
		get(os.Args[2:])
	case "bench":
		bench(os.Args[2:])
	case "join":
		join(os.Args[2:])
	case "split":
		for _, spec := range os.Args[2:] {
			s := inmemchunkstore.New()
			r, err := addSpec(context.Background(), spec, s, s)
			if err != nil {
				die(err)
			}
			emit(r)
		}
	default:
		os.Exit(64)
	}
}
