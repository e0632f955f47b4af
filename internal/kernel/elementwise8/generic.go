package elementwise8

func runMap(c *Call) {
	t, out := c.Unary, c.Out
	a := c.A[:len(out)]
	for i, v := range a {
		out[i] = t[v]
	}
}

func runPair(c *Call) {
	t, out := c.Binary, c.Out
	a, b := c.A[:len(out)], c.B[:len(out)]
	for i := range out {
		out[i] = t[a[i]][b[i]]
	}
}
