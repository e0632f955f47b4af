package testseed_test

import (
	"os"
	"testing"

	"github.com/octet-ml/octet/internal/testseed"
)

// draw is two seeds and a number, as a test of its own would draw them.
func draw(t *testing.T) (drawn [3]uint64) {
	t.Run("draw", func(t *testing.T) {
		drawn = [3]uint64{testseed.Of(t), testseed.Of(t), testseed.Rand(t).Uint64()}
	})
	return drawn
}

func TestSeedsAreFreshUnlessFixed(t *testing.T) {
	t.Setenv(testseed.Variable, "") // restores what was set
	os.Unsetenv(testseed.Variable)
	fresh := draw(t)
	if again := draw(t); fresh == again {
		t.Errorf("two runs of a test drew %d", fresh)
	}
	t.Setenv(testseed.Variable, "18446744073709551615")
	fixed := draw(t)
	if again := draw(t); fixed != again {
		t.Errorf("one seed gave %d and %d", fixed, again)
	}
	if fixed[0] == fixed[1] {
		t.Error("a test got the same seed twice")
	}
	t.Setenv(testseed.Variable, "7")
	if other := draw(t); other == fixed {
		t.Errorf("two seeds gave %d", other)
	}
}
