// The peer of erasure_bench: klauspost/reedsolomon as bee uses it, on the same shards, on one core.
// The best of several short spells, as MB/s of data shards, one JSON line a figure.
package main

import (
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/klauspost/reedsolomon"
)

const (
	shardBytes = 4104
	spells     = 60
	rounds     = 40
)

// As bee makes it: whatever the processor has; and with AVX2 alone.
var kinds = []struct {
	name    string
	options []reedsolomon.Option
}{
	{"fastest", nil},
	{"avx2", []reedsolomon.Option{reedsolomon.WithGFNI(false), reedsolomon.WithAVX512(false)}},
}

func measure(what string, data, parity int, kind string, run func() error) {
	var best time.Duration
	for i := 0; i <= spells; i++ {
		start := time.Now()
		for r := 0; r < rounds; r++ {
			if err := run(); err != nil {
				fmt.Fprintln(os.Stderr, "klauspost:", err)
				os.Exit(1)
			}
		}
		took := time.Since(start)
		if i != 0 && (best == 0 || took < best) { // the first one warms up
			best = took
		}
	}
	fmt.Printf("{\"bench\":%q,\"data\":%d,\"parity\":%d,\"kind\":%q,\"mb_s\":%.0f}\n",
		what, data, parity, kind, float64(data*shardBytes*rounds)/best.Seconds()/1e6)
}

func bench(data, parity int, kind string, options []reedsolomon.Option) {
	shards := make([][]byte, data+parity)
	all := make([]byte, (data+parity)*shardBytes)
	for i := range all {
		all[i] = byte(i*31 + i/shardBytes*7)
	}
	for i := range shards {
		shards[i] = all[i*shardBytes : (i+1)*shardBytes : (i+1)*shardBytes]
	}
	code, err := reedsolomon.New(data, parity, options...)
	if err != nil {
		fmt.Fprintln(os.Stderr, "klauspost:", err)
		os.Exit(1)
	}
	measure("erasure-encode", data, parity, kind, func() error { return code.Encode(shards) })
	lost := min(data, parity)
	measure("erasure-recover", data, parity, kind, func() error {
		for i := 0; i < lost; i++ {
			shards[i] = shards[i][:0]
		}
		return code.Reconstruct(shards)
	})
}

func main() {
	runtime.GOMAXPROCS(1)
	for _, kind := range kinds {
		for _, counts := range [][2]int{{119, 9}, {97, 31}, {39, 89}} {
			bench(counts[0], counts[1], kind.name, kind.options)
		}
	}
}
