package tensor

import "testing"

// A view has the memory of its bytes; what cannot be one is nil.
func TestFloat32View(t *testing.T) {
	b := Of([]float32{1, 2, 3, 4, 5, 6}, 6).Bytes()
	x := Float32View(Shape{2, 3}, b)
	if !hostLittle {
		if x != nil {
			t.Fatal("bytes in another order are seen as they are")
		}
		return
	}
	if x.Float32s()[5] != 6 || !x.Shape().Equal(Shape{2, 3}) {
		t.Fatal(x)
	}
	if clear(b[:4]); x.Float32s()[0] != 0 {
		t.Error("it has memory of its own")
	}
	for _, c := range []struct {
		shape Shape
		b     []byte
	}{{Shape{2, 2}, b}, {Shape{6}, b[:23]}, {Shape{5}, b[2:22]}, {Shape{0}, nil}, {Shape{-6}, b}, {Shape{1 << 40, 1 << 40}, b}} {
		if Float32View(c.shape, c.b) != nil {
			t.Errorf("%v of %d bytes", c.shape, len(c.b))
		}
	}
}
