package quant

import "math/bits"

// SumWidth is the largest number of sums that Plane.Sum finds side by side: a block
// of channels that PyTorch adds in one way.
const SumWidth = 32

// Plane is the codes of an image, and what they stand for.
type Plane struct {
	Codes    []uint8       // of the first channel on, pixel after pixel
	Step     int           // from pixel to pixel
	lane     int           // from one sum to the next where it is not 1
	Pixels   int           // of the image: height times width
	Reals    *[256]float32 // by code
	Channels int           // of the image
}

// Sum adds the pixels of channels first and following, as many as sums has
// elements, as real numbers, in the order in which PyTorch (AVX2, channels last)
// reduces rows of channels: whole blocks of 32 channels row by row, the other
// channels in four interleaved streams of rows. All the channels are of one sort.
func (p *Plane) Sum(sums []float32, first int) {
	if first < p.Channels/SumWidth*SumWidth {
		p.cascade(sums, 0, 1, p.Pixels)
		return
	}
	rows := p.Pixels / 4
	var streams [4][SumWidth]float32
	for k := range streams {
		p.cascade(streams[k][:len(sums)], k, 4, rows)
	}
	copy(sums, streams[0][:])
	for i := 4 * rows; i < p.Pixels; i++ {
		p.add(sums, i)
	}
	for _, s := range streams[1:] {
		addAll(sums, s[:])
	}
}

// cascade adds n pixels, from start on with a step: partial sums of blocks flow
// into partial sums of larger blocks, over four levels.
func (p *Plane) cascade(sums []float32, start, step, n int) {
	power := max(4, ceilLog2(n)/4)
	block := 1 << power
	var levels [4][SumWidth]float32
	acc := func(level int) []float32 { return levels[level][:len(sums)] }
	i := 0
	for i+block <= n {
		for range block {
			p.add(acc(0), start+i*step)
			i++
		}
		for j := 1; j < len(levels); j++ {
			addAll(acc(j), acc(j-1))
			clear(acc(j - 1))
			if i&((block-1)<<(j*power)) != 0 {
				break
			}
		}
	}
	for ; i < n; i++ {
		p.add(acc(0), start+i*step)
	}
	copy(sums, acc(0))
	for j := 1; j < len(levels); j++ {
		addAll(sums, acc(j))
	}
}

// lanes is how many numbers PyTorch adds side by side (AVX2).
const lanes = 8

// SumPixels adds the pixels of a channel in the order in which PyTorch (AVX2) reduces an image whose
// channels lie one behind the other: eight side by side, in four interleaved streams, and what is left.
func (p *Plane) SumPixels(channel int) (total float32) {
	codes, whole := p.Codes[channel:], p.Pixels/lanes
	if whole == 0 {
		var sum [1]float32
		few := Plane{Codes: codes, Step: p.Step, Pixels: p.Pixels, Reals: p.Reals, Channels: 1}
		few.Sum(sum[:], 0)
		return sum[0]
	}
	var sums [lanes]float32
	vectors := Plane{Codes: codes, Step: lanes * p.Step, lane: p.Step, Pixels: whole, Reals: p.Reals, Channels: lanes}
	vectors.Sum(sums[:], 0)
	for i := whole * lanes; i < p.Pixels; i++ {
		total += p.Reals[codes[i*p.Step]]
	}
	for _, s := range sums {
		total += s
	}
	return total
}

// add adds pixel i.
func (p *Plane) add(sums []float32, i int) {
	if p.lane > 1 {
		for k := range sums {
			sums[k] += p.Reals[p.Codes[i*p.Step+k*p.lane]]
		}
		return
	}
	codes := p.Codes[i*p.Step:][:len(sums)]
	for c, code := range codes {
		sums[c] += p.Reals[code]
	}
}

func addAll(sums, x []float32) {
	for i := range sums {
		sums[i] += x[i]
	}
}

// ceilLog2 is the smallest e with 2^e >= n, 0 for n < 2.
func ceilLog2(n int) int {
	if n < 2 {
		return 0
	}
	return bits.Len(uint(n - 1))
}
