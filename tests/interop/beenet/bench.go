//go:build !bee27

package main

// beenet bench: MB/s of bee's own hashing and splitting on this machine (10^6 bytes).

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"runtime"
	"sort"
	"time"

	"github.com/ethersphere/bee/v2/pkg/bmt"
	"github.com/ethersphere/bee/v2/pkg/bmtpool"
	"github.com/ethersphere/bee/v2/pkg/file/pipeline/builder"
	"github.com/ethersphere/bee/v2/pkg/file/redundancy"
	"github.com/ethersphere/bee/v2/pkg/keccak"
	"github.com/ethersphere/bee/v2/pkg/swarm"
)

func measure(name string, bytesN int, runs int, f func()) {
	f() // warm up
	var v []float64
	for i := 0; i < runs; i++ {
		t := time.Now()
		f()
		v = append(v, float64(bytesN)/1e6/time.Since(t).Seconds())
	}
	sort.Float64s(v)
	r := func(x float64) float64 { return float64(int(x*10)) / 10 }
	emit(map[string]any{"bench": name, "procs": runtime.GOMAXPROCS(0), "runs": runs, "min": r(v[0]), "median": r(v[len(v)/2]), "max": r(v[len(v)-1]), "unit": "MB/s"})
}

func bench(args []string) {
	mib := 256
	if len(args) > 0 {
		fmt.Sscan(args[0], &mib)
	}
	plain := len(args) > 1 && args[1] == "plain" // what bmt-hash is compared with, and no more
	emit(map[string]any{"simd_avail": keccak.HasSIMD(), "avx512": keccak.HasAVX512(), "width": keccak.BatchWidth(), "go": runtime.Version(), "mib": mib})
	chunk := make([]byte, 4096)
	_, _ = rand.Read(chunk)
	const n = 4096 // 16 MiB a run
	data := make([]byte, mib<<20)
	_, _ = rand.Read(data)
	for _, procs := range []int{1, 2} {
		if plain && procs > 1 {
			break
		}
		runtime.GOMAXPROCS(procs)
		if procs == 1 {
			h := swarm.NewHasher()
			buf := make([]byte, 0, 32)
			measure("keccak256 of 4096 B (x/crypto sha3)", n*4096, 9, func() {
				for i := 0; i < n; i++ {
					h.Reset()
					_, _ = h.Write(chunk)
					buf = h.Sum(buf[:0])
				}
			})
			measure("keccak256 of 64 B (x/crypto sha3)", n*4096, 9, func() {
				for i := 0; i < n*64; i++ {
					h.Reset()
					_, _ = h.Write(chunk[:64])
					buf = h.Sum(buf[:0])
				}
			})
			if keccak.HasSIMD() {
				var in4 [4][]byte
				var in8 [8][]byte
				for i := range in8 {
					in8[i] = chunk[i*64 : i*64+64]
				}
				copy(in4[:], in8[:4])
				measure("keccak256 of 64 B x4 AVX2", n*4096, 9, func() {
					for i := 0; i < n*16; i++ {
						keccak.Sum256x4(in4)
					}
				})
				if keccak.HasAVX512() {
					measure("keccak256 of 64 B x8 AVX-512", n*4096, 9, func() {
						for i := 0; i < n*8; i++ {
							keccak.Sum256x8(in8)
						}
					})
				}
			}
		}
		for _, simd := range []bool{false, true} {
			bmt.SetSIMDOptIn(simd)
			bmtpool.Rebuild()
			lab := map[bool]string{false: "scalar (goroutines)", true: "SIMD"}[simd]
			measure("BMT 4096 B "+lab, n*4096, 9, func() {
				h := bmtpool.Get()
				defer bmtpool.Put(h)
				var span [8]byte
				binary.LittleEndian.PutUint64(span[:], 4096)
				for i := 0; i < n; i++ {
					h.Reset()
					h.SetHeader(span[:])
					_, _ = h.Write(chunk)
					_ = h.Sum(nil)
				}
			})
			null := putFn(func(context.Context, swarm.Chunk) error { return nil })
			for _, o := range []struct {
				l   string
				enc bool
				r   redundancy.Level
			}{{"plain", false, 0}, {"encrypted", true, 0}, {"redundancy 2", false, 2}, {"redundancy 4", false, 4}} {
				if procs == 2 && simd && o.r > 0 || plain && (o.enc || o.r > 0) {
					continue
				}
				measure(fmt.Sprintf("split %d MiB %s, BMT %s", mib, o.l, lab), len(data), 3, func() {
					_, err := builder.FeedPipeline(context.Background(), builder.NewPipelineBuilder(context.Background(), null, o.enc, o.r), bytes.NewReader(data))
					if err != nil {
						die(err)
					}
				})
			}
		}
	}
	emit(map[string]any{"hwm_kb": rssKB()})
}
