package zoo

import "github.com/octet-ml/octet/op"

var inceptions = []Arch{
	{Name: "inception_v3", build: func(b *builder) { inceptionV3(b, false) }},
	{Name: "inception_v3" + transformSuffix, build: func(b *builder) { inceptionV3(b, true) }},
}

// inceptionV3 is Rethinking the Inception Architecture for Computer Vision
// (Szegedy et al., 2015), in torchvision's form.
func inceptionV3(b *builder, transform bool) {
	b.eps = looseEps
	x := transformedInput(b, "Conv2d_1a_3x3.conv", transform)
	x = basicConv(b, x, "Conv2d_1a_3x3", conv{out: 32, kernel: 3, stride: 2, valid: true})
	x = basicConv(b, x, "Conv2d_2a_3x3", conv{out: 32, kernel: 3, valid: true})
	x = basicConv(b, x, "Conv2d_2b_3x3", conv{out: 64, kernel: 3})
	x = b.apply(x, "maxpool1", maxPool(3, 2, 0, false))
	x = basicConv(b, x, "Conv2d_3b_1x1", conv{out: 80, kernel: 1})
	x = basicConv(b, x, "Conv2d_4a_3x3", conv{out: 192, kernel: 3, valid: true})
	x = b.apply(x, "maxpool2", maxPool(3, 2, 0, false))
	x = inceptionA(b, x, "Mixed_5b", 32)
	x = inceptionA(b, x, "Mixed_5c", 64)
	x = inceptionA(b, x, "Mixed_5d", 64)
	x = inceptionB(b, x, "Mixed_6a")
	x = inceptionC(b, x, "Mixed_6b", 128)
	x = inceptionC(b, x, "Mixed_6c", 160)
	x = inceptionC(b, x, "Mixed_6d", 160)
	x = inceptionC(b, x, "Mixed_6e", 192)
	inceptionAux(b, x, "AuxLogits")
	x = inceptionD(b, x, "Mixed_7a")
	x = inceptionE(b, x, "Mixed_7b")
	x = inceptionE(b, x, "Mixed_7c")
	x = b.globalPool(x, "avgpool")
	b.output(b.head(x, "fc", 1000))
}

// branch is a chain of convolutions below a block.
type branch []conv

func (b *builder) branch(x act, block string, convs branch) act {
	for _, c := range convs {
		x = basicConv(b, x, block+"."+c.name, c)
	}
	return x
}

// poolBranch averages over 3x3 and projects.
func poolBranch(b *builder, x act, name string, out int) act {
	x = b.apply(x, name+".avg_pool2d", avgPool(3, 1, 1))
	return basicConv(b, x, name+".branch_pool", conv{out: out, kernel: 1})
}

func inceptionA(b *builder, x act, name string, pool int) act {
	b1 := b.branch(x, name, branch{{name: "branch1x1", out: 64, kernel: 1}})
	b5 := b.branch(x, name, branch{{name: "branch5x5_1", out: 48, kernel: 1}, {name: "branch5x5_2", out: 64, kernel: 5}})
	b3 := b.branch(x, name, branch{
		{name: "branch3x3dbl_1", out: 64, kernel: 1}, {name: "branch3x3dbl_2", out: 96, kernel: 3}, {name: "branch3x3dbl_3", out: 96, kernel: 3},
	})
	return b.cat(name+".myop", b1, b5, b3, poolBranch(b, x, name, pool))
}

func inceptionB(b *builder, x act, name string) act {
	b3 := b.branch(x, name, branch{{name: "branch3x3", out: 384, kernel: 3, stride: 2, valid: true}})
	bd := b.branch(x, name, branch{
		{name: "branch3x3dbl_1", out: 64, kernel: 1}, {name: "branch3x3dbl_2", out: 96, kernel: 3},
		{name: "branch3x3dbl_3", out: 96, kernel: 3, stride: 2, valid: true},
	})
	return b.cat(name+".myop", b3, bd, b.apply(x, name+".max_pool2d", maxPool(3, 2, 0, false)))
}

func inceptionC(b *builder, x act, name string, width int) act {
	row, column := [2]int{1, 7}, [2]int{7, 1}
	b1 := b.branch(x, name, branch{{name: "branch1x1", out: 192, kernel: 1}})
	b7 := b.branch(x, name, branch{
		{name: "branch7x7_1", out: width, kernel: 1}, {name: "branch7x7_2", out: width, rect: row}, {name: "branch7x7_3", out: 192, rect: column},
	})
	bd := b.branch(x, name, branch{
		{name: "branch7x7dbl_1", out: width, kernel: 1}, {name: "branch7x7dbl_2", out: width, rect: column}, {name: "branch7x7dbl_3", out: width, rect: row},
		{name: "branch7x7dbl_4", out: width, rect: column}, {name: "branch7x7dbl_5", out: 192, rect: row},
	})
	return b.cat(name+".myop", b1, b7, bd, poolBranch(b, x, name, 192))
}

func inceptionD(b *builder, x act, name string) act {
	b3 := b.branch(x, name, branch{{name: "branch3x3_1", out: 192, kernel: 1}, {name: "branch3x3_2", out: 320, kernel: 3, stride: 2, valid: true}})
	b7 := b.branch(x, name, branch{
		{name: "branch7x7x3_1", out: 192, kernel: 1}, {name: "branch7x7x3_2", out: 192, rect: [2]int{1, 7}}, {name: "branch7x7x3_3", out: 192, rect: [2]int{7, 1}},
		{name: "branch7x7x3_4", out: 192, kernel: 3, stride: 2, valid: true},
	})
	return b.cat(name+".myop", b3, b7, b.apply(x, name+".max_pool2d", maxPool(3, 2, 0, false)))
}

// inceptionE joins inner pairs by operations of their own (myop1, myop2), which
// come behind all branches in the order of PyTorch's modules.
func inceptionE(b *builder, x act, name string) act {
	row, column := [2]int{1, 3}, [2]int{3, 1}
	b1 := b.branch(x, name, branch{{name: "branch1x1", out: 320, kernel: 1}})
	b3 := b.branch(x, name, branch{{name: "branch3x3_1", out: 384, kernel: 1}})
	b3a := b.branch(b3, name, branch{{name: "branch3x3_2a", out: 384, rect: row}})
	b3b := b.branch(b3, name, branch{{name: "branch3x3_2b", out: 384, rect: column}})
	bd := b.branch(x, name, branch{{name: "branch3x3dbl_1", out: 448, kernel: 1}, {name: "branch3x3dbl_2", out: 384, kernel: 3}})
	bda := b.branch(bd, name, branch{{name: "branch3x3dbl_3a", out: 384, rect: row}})
	bdb := b.branch(bd, name, branch{{name: "branch3x3dbl_3b", out: 384, rect: column}})
	pool := poolBranch(b, x, name, 192)
	b3, bd = b.cat(name+".myop1", b3a, b3b), b.cat(name+".myop2", bda, bdb)
	return b.cat(name+".myop3", b1, b3, bd, pool)
}

// inceptionAux appends the auxiliary classifier where the file has one.
func inceptionAux(b *builder, x act, name string) {
	if _, ok := b.shapes(name + ".conv0.conv.weight"); !ok {
		return
	}
	x = b.apply(x, name+".avg_pool2d", avgPool(5, 3, 0))
	x = basicConv(b, x, name+".conv0", conv{out: 128, kernel: 1})
	x = basicConv(b, x, name+".conv1", conv{out: 768, kernel: 5, valid: true})
	x = b.apply(x, name+".adaptive_avg_pool2d", op.AdaptiveAvgPool2D{Output: [2]int{1, 1}})
	x = b.apply(x, name+".flatten", op.Flatten{Start: 1, End: -1})
	b.auxiliary(b.linear(x, name+".fc", 1000))
}
