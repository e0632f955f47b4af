package rest

import (
	"encoding/json"
	"unicode/utf8"

	"github.com/octet-ml/octet/serve"
)

// maxDepth bounds how deep arrays and objects of a request may be nested.
const maxDepth = 32

// scanner reads a JSON document from memory. Tensors are most of a request, so numbers go
// straight into their elements (see numbers.go) and nothing is built in between.
type scanner struct {
	b []byte
	i int
}

func (s *scanner) errorf(format string, args ...any) error {
	return serve.Errorf(serve.Invalid, "the request's JSON, byte %d: "+format, append([]any{s.i}, args...)...)
}

// space skips white space.
func (s *scanner) space() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return
		}
	}
}

// peek is the next byte behind white space, 0 at the end.
func (s *scanner) peek() byte {
	s.space()
	if s.i == len(s.b) {
		return 0
	}
	return s.b[s.i]
}

// expect reads one byte.
func (s *scanner) expect(c byte) error {
	if s.peek() != c {
		return s.errorf("%q is expected", c)
	}
	s.i++
	return nil
}

// more reads what stands behind an element of an array or object: a comma, or the end.
func (s *scanner) more(end byte) (bool, error) {
	switch s.peek() {
	case ',':
		s.i++
		return true, nil
	case end:
		s.i++
		return false, nil
	}
	return false, s.errorf("a comma or %q is expected", end)
}

// object calls field with every name of an object, which must read its value. A name that
// stands twice is an error: readers differ in which value they take.
func (s *scanner) object(depth int, field func(name string) error) error {
	if depth > maxDepth {
		return s.errorf("more than %d arrays and objects are nested", maxDepth)
	}
	if err := s.expect('{'); err != nil {
		return err
	}
	if s.peek() == '}' {
		s.i++
		return nil
	}
	const few = 8 // names, among which a search is faster than in a map
	var seen []string
	var many map[string]bool
	for {
		name, err := s.text()
		if err != nil {
			return err
		}
		twice := many[name]
		for _, n := range seen {
			twice = twice || n == name
		}
		if twice {
			return s.errorf("%q stands twice", name)
		}
		if len(seen) < few {
			seen = append(seen, name)
		} else {
			if many == nil {
				many = map[string]bool{}
			}
			many[name] = true
		}
		if err := s.expect(':'); err != nil {
			return err
		}
		if err := field(name); err != nil {
			return err
		}
		if more, err := s.more('}'); !more || err != nil {
			return err
		}
	}
}

// array calls element for every element of an array, which must read it.
func (s *scanner) array(element func() error) error {
	if err := s.expect('['); err != nil {
		return err
	}
	if s.peek() == ']' {
		s.i++
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		if more, err := s.more(']'); !more || err != nil {
			return err
		}
	}
}

// quoted is the text of a string as it stands, with its quotes, and whether it is plain: it
// has no escapes.
func (s *scanner) quoted() (raw []byte, plain bool, err error) {
	if s.peek() != '"' {
		return nil, false, s.errorf("a string is expected")
	}
	from := s.i
	plain = true
	for s.i++; s.i < len(s.b); s.i++ {
		switch c := s.b[s.i]; {
		case c == '"':
			s.i++
			return s.b[from:s.i], plain, nil
		case c == '\\':
			plain = false
			s.i++
		case c < ' ':
			return nil, false, s.errorf("a control character in a string")
		}
	}
	s.i = len(s.b)
	return nil, false, s.errorf("a string without end")
}

// text reads a string.
func (s *scanner) text() (string, error) {
	raw, plain, err := s.quoted()
	if err != nil {
		return "", err
	}
	if plain && utf8.Valid(raw) {
		return string(raw[1 : len(raw)-1]), nil
	}
	var text string
	if !utf8.Valid(raw) || json.Unmarshal(raw, &text) != nil {
		return "", s.errorf("a string that is no UTF-8, or with a wrong escape")
	}
	return text, nil
}

// word reads true, false or null.
func (s *scanner) word(word string) error {
	s.space()
	if len(s.b)-s.i < len(word) || string(s.b[s.i:s.i+len(word)]) != word {
		return s.errorf("a value is expected")
	}
	s.i += len(word)
	return nil
}

// truth reads true or false.
func (s *scanner) truth() (bool, error) {
	if s.peek() == 't' {
		return true, s.word("true")
	}
	if s.peek() == 'f' {
		return false, s.word("false")
	}
	return false, s.errorf("true or false is expected")
}

// number is the text of a number, and whether it is a whole one.
func (s *scanner) number() (text []byte, whole bool, err error) {
	s.space()
	from := s.i
	if s.i < len(s.b) && s.b[s.i] == '-' {
		s.i++
	}
	first := s.i
	s.digits()
	if n := s.i - first; n == 0 || n > 1 && s.b[first] == '0' {
		s.i = from
		return nil, false, s.errorf("a number is expected")
	}
	whole = true
	if s.i < len(s.b) && s.b[s.i] == '.' {
		whole = false
		s.i++
		if !s.digits() {
			return nil, false, s.errorf("a number without digits behind its point")
		}
	}
	if s.i < len(s.b) && s.b[s.i]|0x20 == 'e' {
		whole = false
		if s.i++; s.i < len(s.b) && (s.b[s.i] == '+' || s.b[s.i] == '-') {
			s.i++
		}
		if !s.digits() {
			return nil, false, s.errorf("a number without digits of its exponent")
		}
	}
	return s.b[from:s.i], whole, nil
}

// digits skips digits and reports whether there are any.
func (s *scanner) digits() bool {
	from := s.i
	for s.i < len(s.b) && s.b[s.i]-'0' <= 9 {
		s.i++
	}
	return s.i > from
}

// skip reads a value of any kind, for which there is no use.
func (s *scanner) skip(depth int) error {
	switch c := s.peek(); {
	case c == '{':
		return s.object(depth+1, func(string) error { return s.skip(depth + 1) })
	case c == '[':
		if depth++; depth > maxDepth {
			return s.errorf("more than %d arrays and objects are nested", maxDepth)
		}
		return s.array(func() error { return s.skip(depth) })
	case c == '"':
		_, err := s.text()
		return err
	case c == 't':
		return s.word("true")
	case c == 'f':
		return s.word("false")
	case c == 'n':
		return s.word("null")
	}
	_, _, err := s.number()
	return err
}

// end checks that nothing but white space is left.
func (s *scanner) end() error {
	if s.space(); s.i < len(s.b) {
		return s.errorf("something stands behind the document")
	}
	return nil
}
