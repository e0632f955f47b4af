package torch

import (
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/testseed"
)

// TestLongIntegers compares with math/big, which programs need not link for this.
func TestLongIntegers(t *testing.T) {
	r := testseed.Rand(t)
	for n := range 300 {
		b := make([]byte, n%24)
		for i := range b {
			b[i] = [4]byte{0, 0xff, 0x80, byte(r.UintN(256))}[r.IntN(4)]
		}
		be := slices.Clone(b)
		slices.Reverse(be)
		want := new(big.Int).SetBytes(be)
		if len(b) > 0 && b[len(b)-1]&0x80 != 0 {
			want.Sub(want, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
		switch got := parseLong(b).(type) {
		case Int:
			if !want.IsInt64() || int64(got) != want.Int64() {
				t.Errorf("% x is %d, want %v", b, got, want)
			}
		case BigInt:
			if want.IsInt64() || string(got) != want.String() {
				t.Errorf("% x is %s, want %v", b, got, want)
			}
		}
		text := strings.Repeat("0", n%3) + want.String()
		if want.Sign() < 0 {
			text = want.String()
		} else if n%2 == 0 {
			text = "+" + text
		}
		if !want.IsInt64() && canonical(text) != want.String() {
			t.Errorf("%s becomes %s", text, canonical(text))
		}
	}
}
