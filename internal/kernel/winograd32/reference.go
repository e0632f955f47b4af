package winograd32

// ReferenceInput is the oracle of TransformInput.
func ReferenceInput(s *InputTiles) {
	tiles := s.M1 - s.M0
	for m := range tiles {
		for c := range s.Depth {
			var d, t [4][4]float32
			for tap := range Points {
				d[tap/4][tap%4] = s.Run(s.M0+m, tap)[c]
			}
			for i := range 4 {
				t[0][i], t[1][i], t[2][i], t[3][i] = d[0][i]-d[2][i], d[1][i]+d[2][i], d[2][i]-d[1][i], d[1][i]-d[3][i]
			}
			for i, r := range t {
				for j, v := range [4]float32{r[0] - r[2], r[1] + r[2], r[2] - r[1], r[1] - r[3]} {
					s.To[((4*i+j)*tiles+m)*s.Depth+c] = v
				}
			}
		}
	}
}

// ReferenceOutput is the oracle of TransformOutput.
func ReferenceOutput(f *OutputTiles) {
	tiles := f.M1 - f.M0
	for m := range tiles {
		for n := f.N0; n < f.N1; n++ {
			var s [2][4]float32
			at := func(row, column int) float32 { return f.Products[((4*row+column)*tiles+m)*f.LD+n] }
			for j := range 4 {
				s[0][j] = at(0, j) + at(1, j) + at(2, j)
				s[1][j] = at(1, j) - at(2, j) - at(3, j)
			}
			for i, r := range s {
				for j, v := range [2]float32{r[0] + r[1] + r[2], r[1] - r[2] - r[3]} {
					if to := int(f.To[(2*i+j)*f.Rows+(f.M0+m)%f.Rows]); to >= 0 {
						f.Out[(f.M0+m)/f.Rows*f.OutImage+to+n] = f.clamp(v + f.Bias[n])
					}
				}
			}
		}
	}
}

func (f *OutputTiles) clamp(v float32) float32 {
	switch {
	case v < f.Lo:
		return f.Lo
	case v > f.Hi:
		return f.Hi
	}
	return v
}
