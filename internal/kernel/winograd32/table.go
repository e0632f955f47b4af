package winograd32

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/internal/operand"
)

// Points is the number of products that a tile takes.
const Points = 16

// Kernel is one implementation: a row of Table.
type Kernel struct {
	kernel.Row // named winograd_f32_2x2_<isa>

	Channels        int                // input and output channels must be multiples of it
	TransformInput  func(*InputTiles)  // from pixels to the points of tiles
	TransformOutput func(*OutputTiles) // from products at the points to pixels
}

// InputTiles are tiles whose input pixels are transformed.
type InputTiles struct {
	// A tile is a row of 16 taps, its input pixels row by row; Depth is the number of
	// channels, Pad zeros. Offsets are always set.
	operand.Matrix[float32]
	M0, M1 int       // tiles, of all images
	To     []float32 // [Points][M1-M0][Depth]
}

// OutputTiles are tiles whose products are transformed to output pixels.
type OutputTiles struct {
	M0, M1 int // tiles, of all images
	N0, N1 int // output channels, multiples of Channels

	Products []float32 // [Points][M1-M0][LD]
	LD       int       // elements from tile to tile of Products
	Bias     []float32 // by output channel
	Lo, Hi   float32   // clamp; NaN passes

	// Output pixel i of tile m, row by row, is Out[m/Rows*OutImage + To[i*Rows+m%Rows]:],
	// or outside the image where To is negative.
	Out            []float32
	To             []int32   // [4][Rows]
	Rows, OutImage int       // tiles of an image, elements of an output image
	Nowhere        []float32 // takes pixels outside the image; as long as a pixel
}

// Table lists the kernels, best first. It has no portable row: where none of
// these runs, a direct convolution does.
var Table = archTable

// maxFilters is the largest in*out that is transformed: more filters are read from memory
// for few tiles each, and 16 numbers take longer to read than 9.
const maxFilters = 1 << 16

// Select returns the first row of table that runs on a machine with features f
// and serves such a convolution, or nil.
func Select(table []Kernel, in, out int, f cpu.Features) *Kernel {
	return kernel.Select(table, f, func(k *Kernel) bool {
		return in%k.Channels == 0 && out%k.Channels == 0 && in*out <= maxFilters
	})
}

// Filters transforms w, [out][9][in], to [Points][out][in].
func Filters(w []float32, out, in int) []float32 {
	u := make([]float32, Points*out*in)
	var g [9]float64
	for n := range out {
		for c := range in {
			for tap := range g {
				g[tap] = float64(w[(n*9+tap)*in+c])
			}
			for p, v := range transformFilter(&g) {
				u[(p*out+n)*in+c] = float32(v)
			}
		}
	}
	return u
}

// transformFilter returns G g G' with rows (1 0 0), (1 1 1)/2, (1 -1 1)/2, (0 0 1)
// of G.
func transformFilter(g *[9]float64) (u [Points]float64) {
	for j := range 3 {
		a, b, c := g[j], g[3+j], g[6+j]
		u[j], u[4+j], u[8+j], u[12+j] = a, (a+b+c)/2, (a-b+c)/2, c
	}
	for i := 0; i < Points; i += 4 {
		a, b, c := u[i], u[i+1], u[i+2]
		u[i], u[i+1], u[i+2], u[i+3] = a, (a+b+c)/2, (a-b+c)/2, c
	}
	return u
}
