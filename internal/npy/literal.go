package npy

import (
	"errors"
	"fmt"
	"strings"
)

// literal reads the few Python literals that a header may hold. It is no
// evaluator: anything else is an error.
type literal struct {
	text string
	pos  int
}

// peek skips white space and returns the next byte, 0 at the end.
func (p *literal) peek() byte {
	for p.pos < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.pos]) >= 0 {
		p.pos++
	}
	if p.pos == len(p.text) {
		return 0
	}
	return p.text[p.pos]
}

func (p *literal) expect(c byte) error {
	if p.peek() != c {
		return fmt.Errorf("expected %q at byte %d", c, p.pos)
	}
	p.pos++
	return nil
}

// dict reads a whole dictionary with string keys; value reads the value of a
// key. Nothing may follow it.
func (p *literal) dict(value func(key string) error) error {
	if err := p.expect('{'); err != nil {
		return err
	}
	seen := map[string]bool{}
	for p.peek() != '}' {
		key, err := p.str()
		if err != nil {
			return err
		}
		if seen[key] {
			return fmt.Errorf("key %q twice", key)
		}
		seen[key] = true
		if err := p.expect(':'); err != nil {
			return err
		}
		if err := value(key); err != nil {
			return err
		}
		if p.peek() == '}' {
			break
		}
		if err := p.expect(','); err != nil {
			return err
		}
	}
	p.pos++
	if p.peek() != 0 || p.pos != len(p.text) {
		return fmt.Errorf("unexpected text after the dictionary at byte %d", p.pos)
	}
	return nil
}

// str reads a quoted string without escapes.
func (p *literal) str() (string, error) {
	quote := p.peek()
	if quote != '\'' && quote != '"' {
		return "", fmt.Errorf("expected a string at byte %d", p.pos)
	}
	rest := p.text[p.pos+1:]
	n := strings.IndexByte(rest, quote)
	if n < 0 || strings.Contains(rest[:n], `\`) {
		return "", fmt.Errorf("bad string at byte %d", p.pos)
	}
	p.pos += n + 2
	return rest[:n], nil
}

func (p *literal) boolean() (bool, error) {
	p.peek()
	rest := p.text[p.pos:]
	switch {
	case strings.HasPrefix(rest, "True"):
		p.pos += 4
		return true, nil
	case strings.HasPrefix(rest, "False"):
		p.pos += 5
		return false, nil
	}
	return false, fmt.Errorf("expected True or False at byte %d", p.pos)
}

// tuple reads a tuple of natural numbers. As in Python, one element needs its
// comma.
func (p *literal) tuple() ([]int, error) {
	if err := p.expect('('); err != nil {
		return nil, err
	}
	out := []int{}
	comma := false
	for p.peek() != ')' {
		if len(out) > 0 && !comma {
			return nil, fmt.Errorf("expected ',' or ')' at byte %d", p.pos)
		}
		if len(out) == maxRank {
			return nil, fmt.Errorf("more than %d axes", maxRank)
		}
		n, err := p.natural()
		if err != nil {
			return nil, err
		}
		out = append(out, n)
		if comma = p.peek() == ','; comma {
			p.pos++
		}
	}
	p.pos++
	if len(out) == 1 && !comma {
		return nil, errors.New("the shape is a number instead of a tuple")
	}
	return out, nil
}

// natural reads a decimal number; Python 2 may have appended an L.
func (p *literal) natural() (int, error) {
	p.peek()
	start, n := p.pos, 0
	for p.pos < len(p.text) && p.text[p.pos] >= '0' && p.text[p.pos] <= '9' {
		digit := int(p.text[p.pos] - '0')
		if n > (maxInt-digit)/10 {
			return 0, fmt.Errorf("number at byte %d is out of range", start)
		}
		n = n*10 + digit
		p.pos++
	}
	if p.pos == start {
		return 0, fmt.Errorf("expected a number at byte %d", start)
	}
	if p.pos < len(p.text) && p.text[p.pos] == 'L' {
		p.pos++
	}
	return n, nil
}

const maxInt = int(^uint(0) >> 1)
