package torch

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// parseLong reads a two's complement little-endian integer.
func parseLong(b []byte) Value {
	negative := len(b) > 0 && b[len(b)-1]&0x80 != 0
	if len(b) <= 8 {
		n := uint64(0)
		if negative {
			n = ^n
		}
		for _, x := range slices.Backward(b) {
			n = n<<8 | uint64(x)
		}
		return Int(n)
	}
	if !negative {
		return integer("", b)
	}
	magnitude := slices.Clone(b)
	carry := true
	for i, x := range magnitude {
		if magnitude[i] = ^x; carry {
			magnitude[i]++
			carry = magnitude[i] == 0
		}
	}
	return integer("-", magnitude)
}

// integer is an Int where the number fits one. The magnitude is little-endian.
func integer(sign string, magnitude []byte) Value {
	text := sign + decimalOf(magnitude)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return Int(n)
	}
	return BigInt(text)
}

// decimalOf writes a little-endian magnitude in decimal: as digits of base 10^9, the
// lowest first.
func decimalOf(magnitude []byte) string {
	const base = 1_000_000_000
	digits := []uint64{0}
	for _, x := range slices.Backward(magnitude) {
		carry := uint64(x)
		for i, d := range digits {
			d = d<<8 + carry
			digits[i], carry = d%base, d/base
		}
		if carry > 0 {
			digits = append(digits, carry)
		}
	}
	var text strings.Builder
	fmt.Fprint(&text, digits[len(digits)-1])
	for _, d := range slices.Backward(digits[:len(digits)-1]) {
		fmt.Fprintf(&text, "%09d", d)
	}
	return text.String()
}

// canonical takes off a plus sign and leading zeros.
func canonical(decimal string) string {
	sign := ""
	if strings.HasPrefix(decimal, "-") {
		sign = "-"
	}
	return sign + strings.TrimLeft(strings.TrimLeft(decimal, "+-"), "0")
}
