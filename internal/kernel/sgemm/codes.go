package sgemm

// Codes is a right operand in 8 bits, which stays so in memory: a call widens it to numbers
// panel by panel, once for all of its rows. Number i of column n is
//
//	float32(X[n*K+i] - Zeros[g]) * Scales[g]    of group g = n*groups + i/Group
//
// rounded once, so that results are those of the numbers in float32, to the bit.
type Codes struct {
	X             []int8    // [n][k]
	Group         int       // numbers of a column that share a scale; it divides k
	Scales, Zeros []float32 // [n][groups]; zero points are whole numbers
}

// panelCodes are codes in the layout of a kernel's panels.
type panelCodes struct {
	data          []int8
	group         int
	scales, zeros []float32 // [group][column], padded as the panels
	columns       int       // padded
	widen         func(to []float32, codes []int8, scales, zeros []float32)
}

// params are the parameters of the group of number k of the columns from n on.
func (p *panelCodes) params(k, n, width int) (scales, zeros []float32) {
	at := k/p.group*p.columns + n
	return p.scales[at:][:width], p.zeros[at:][:width]
}

// place lays out the parameters of w, of n columns and depth k, padded to so many columns.
func (p *panelCodes) place(w Codes, n, k, columns int) {
	groups := k / w.Group
	p.group, p.columns = w.Group, columns
	p.scales, p.zeros = make([]float32, groups*columns), make([]float32, groups*columns)
	for c := range n {
		for g := range groups {
			p.scales[g*columns+c], p.zeros[g*columns+c] = w.Scales[c*groups+g], w.Zeros[c*groups+g]
		}
	}
}

// wide makes numbers of rows k0 to k1 of the width columns from n on.
func (p *panelCodes) wide(to []float32, codes []int8, n, width, k0, k1 int) {
	for k := k0; k < k1; {
		end := min(k1, (k/p.group+1)*p.group)
		s, z := p.params(k, n, width)
		p.widen(to[(k-k0)*width:][:(end-k)*width], codes[(k-k0)*width:][:(end-k)*width], s, z)
		k = end
	}
}

// widenRows makes numbers of rows of codes, as wide as scales.
func widenRows(to []float32, codes []int8, scales, zeros []float32) {
	width := len(scales)
	zeros = zeros[:width]
	for at := 0; at+width <= len(codes); at += width {
		row := to[at:][:width]
		for i, c := range codes[at:][:width] {
			row[i] = float32((float32(c) - zeros[i]) * scales[i])
		}
	}
}
