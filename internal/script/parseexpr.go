package script

import (
	"math"
	"strconv"
	"strings"
)

// exprs reads an expression, or several with commas, which are a tuple.
func (p *parser) exprs() (expr, error) {
	first, err := p.expr()
	if err != nil || !p.peek(",") {
		return first, err
	}
	t := tupleExpr{items: []expr{first}}
	for p.take(",") {
		if p.at == len(p.tokens) {
			break
		}
		next, err := p.expr()
		if err != nil {
			return nil, err
		}
		t.items = append(t.items, next)
	}
	return t, nil
}

// expr reads an expression. The signs between operands that PyTorch does not print are read, and
// refused where they are followed.
func (p *parser) expr() (expr, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, lineError(p.line, "more than %d expressions in expressions", maxDepth)
	}
	defer func() { p.depth-- }()
	e, err := p.postfix()
	for err == nil && p.at < len(p.tokens) {
		t := p.tokens[p.at]
		if !(t.kind == tokenSign && strings.Contains("+-*/<>!%|&@", t.text) || t.kind == tokenName && (t.text == "and" || t.text == "or" || t.text == "is" || t.text == "not" || t.text == "if")) {
			break
		}
		p.at++
		for p.take("=") || p.take("not") || p.take("/") {
		}
		_, err = p.postfix()
		if t.text == "if" && err == nil {
			if err = p.need("else"); err == nil {
				_, err = p.postfix()
			}
		}
		e = otherExpr{t.text}
	}
	return e, err
}

// postfix reads a value with what is called, indexed or read of it.
func (p *parser) postfix() (expr, error) {
	e, err := p.atom()
	for parts := 0; err == nil; parts++ {
		if parts > maxDepth {
			return nil, lineError(p.line, "more than %d names behind one another", maxDepth)
		}
		switch {
		case p.take("."):
			var name string
			name, err = p.name()
			e = attrExpr{e, name}
		case p.take("("):
			e, err = p.call(e)
		case p.take("["):
			var index expr
			if index, err = p.exprs(); err == nil {
				err = p.need("]")
			}
			e = indexExpr{e, index}
		default:
			return e, nil
		}
	}
	return nil, err
}

func (p *parser) call(fn expr) (expr, error) {
	c := callExpr{fn: fn}
	for !p.take(")") {
		e, err := p.expr()
		if err != nil {
			return nil, err
		}
		if n, ok := e.(nameExpr); ok && p.take("=") {
			value, err := p.expr()
			if err != nil {
				return nil, err
			}
			c.named = append(c.named, namedExpr{n.name, value})
		} else {
			c.args = append(c.args, e)
		}
		if !p.peek(")") {
			if err := p.need(","); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

func (p *parser) atom() (expr, error) {
	if p.at >= len(p.tokens) {
		return nil, p.mistaken("a value")
	}
	t := p.tokens[p.at]
	p.at++
	switch t.kind {
	case tokenText:
		return constExpr{t.text}, nil
	case tokenNumber:
		v, err := number(t)
		return constExpr{v}, err
	case tokenName:
		switch t.text {
		case "None":
			return constExpr{nil}, nil
		case "True":
			return constExpr{true}, nil
		case "False":
			return constExpr{false}, nil
		case "inf":
			return constExpr{math.Inf(1)}, nil
		case "nan":
			return constExpr{math.NaN()}, nil
		case "not":
			_, err := p.expr()
			return otherExpr{"not"}, err
		}
		return nameExpr{t.text}, nil
	}
	switch t.text {
	case "-":
		if p.peek("-") {
			return nil, p.mistaken("a value")
		}
		e, err := p.postfix()
		if c, ok := e.(constExpr); ok && err == nil {
			switch v := c.value.(type) {
			case int64:
				return constExpr{-v}, nil
			case float64:
				return constExpr{-v}, nil
			}
		}
		return otherExpr{"-"}, err
	case "(":
		items, comma, err := p.items(")")
		if err == nil && len(items) == 1 && !comma {
			return items[0], nil
		}
		return tupleExpr{items}, err
	case "[":
		items, _, err := p.items("]")
		return listExpr{items}, err
	case "{":
		return p.dict()
	}
	p.at--
	return nil, p.mistaken("a value")
}

// items reads expressions up to a bracket; comma reports whether one stands behind the last.
func (p *parser) items(end string) (items []expr, comma bool, err error) {
	for !p.take(end) {
		e, err := p.expr()
		if err != nil {
			return nil, false, err
		}
		items = append(items, e)
		if comma = p.take(","); !comma && !p.peek(end) {
			return nil, false, p.mistaken(strconv.Quote(end))
		}
	}
	return items, comma, nil
}

func (p *parser) dict() (expr, error) {
	var d dictExpr
	for !p.take("}") {
		k, err := p.expr()
		if err != nil {
			return nil, err
		}
		if err := p.need(":"); err != nil {
			return nil, err
		}
		v, err := p.expr()
		if err != nil {
			return nil, err
		}
		d.keys, d.values = append(d.keys, k), append(d.values, v)
		if !p.take(",") && !p.peek("}") {
			return nil, p.mistaken(`"}"`)
		}
	}
	return d, nil
}

func number(t token) (Value, error) {
	if v, err := strconv.ParseInt(t.text, 10, 64); err == nil {
		return v, nil
	}
	if t.text == "9223372036854775808" { // behind a minus, the smallest number
		return int64(math.MinInt64), nil
	}
	v, err := strconv.ParseFloat(t.text, 64)
	if err != nil || strings.ContainsAny(t.text, "xXpP_nN") {
		return nil, lineError(t.line, "%q is no number", shortened(t.text))
	}
	return v, nil
}
