package script

import (
	"strconv"
	"strings"
)

// Source is a file of code: classes and functions by their names.
type Source struct {
	Record    string // in the archive
	classes   map[string]*class
	functions map[string]*function
}

// parseSource reads the headers of a source; the bodies of functions are parsed when they are
// called.
func parseSource(record, text string) (*Source, error) {
	s := &Source{Record: record, classes: map[string]*class{}, functions: map[string]*function{}}
	if len(text) > maxSource {
		return nil, lineError(1, "%d bytes of code; at most %d are read", len(text), maxSource)
	}
	l := &lexer{text: text, line: 0}
	var in *class      // the class that is open
	var open *function // whose body is collected
	openIndent := 0
	for {
		line, err := l.next()
		if err != nil {
			return nil, err
		}
		if line == nil {
			return s, nil
		}
		if open != nil && line.indent > openIndent {
			open.lines = append(open.lines, line)
			continue
		}
		open = nil
		if line.indent == 0 {
			in = nil
		}
		p := &parser{tokens: line.tokens, line: line.line}
		switch {
		case line.indent == 0 && p.take("class"):
			if in, err = p.class(); err == nil {
				in.source = s
				s.classes[in.name] = in
			}
		case p.take("def"):
			open, err = p.header()
			if err != nil {
				break
			}
			open.source, openIndent = s, line.indent
			if in != nil {
				in.functions[open.name] = open
			} else {
				s.functions[open.name] = open
			}
		case line.indent == 0 && (p.peek("import") || p.peek("from") || p.peek("op_version_set")):
		case in != nil:
			err = p.member(in)
		default:
			err = p.mistaken("a class or a function")
		}
		if err != nil {
			return nil, err
		}
	}
}

type parser struct {
	tokens []token
	at     int
	line   int
	depth  int
}

func (p *parser) peek(text string) bool {
	return p.at < len(p.tokens) && p.tokens[p.at].kind <= tokenName && p.tokens[p.at].text == text
}

func (p *parser) take(text string) bool {
	if !p.peek(text) {
		return false
	}
	p.at++
	return true
}

func (p *parser) mistaken(want string) error {
	line, got := p.line, "the end of the line"
	if p.at < len(p.tokens) {
		line, got = p.tokens[p.at].line, strconv.Quote(shortened(p.tokens[p.at].text))
	}
	return lineError(line, "%s where %s is expected", got, want)
}

func shortened(text string) string {
	if len(text) > 40 {
		return text[:40] + "…"
	}
	return text
}

func (p *parser) need(text string) error {
	if p.take(text) {
		return nil
	}
	return p.mistaken(strconv.Quote(text))
}

func (p *parser) end() error {
	if p.at < len(p.tokens) {
		return p.mistaken("the end of the line")
	}
	return nil
}

func (p *parser) name() (string, error) {
	if p.at < len(p.tokens) && p.tokens[p.at].kind == tokenName {
		p.at++
		return p.tokens[p.at-1].text, nil
	}
	return "", p.mistaken("a name")
}

// class reads a header behind the word class.
func (p *parser) class() (*class, error) {
	name, err := p.name()
	if err != nil {
		return nil, err
	}
	c := &class{name: name, functions: map[string]*function{}, constants: map[string]expr{}}
	if p.take("(") {
		if c.base, err = p.name(); err != nil {
			return nil, err
		}
		if err := p.need(")"); err != nil {
			return nil, err
		}
	}
	if err := p.need(":"); err != nil {
		return nil, err
	}
	return c, p.end()
}

// member reads a line of a class that is no method.
func (p *parser) member(c *class) error {
	if p.peek("pass") || len(p.tokens) > 0 && p.tokens[0].kind == tokenText {
		return nil
	}
	name, err := p.name()
	if err != nil {
		return err
	}
	if strings.HasPrefix(name, "__") { // lists of names, and annotations of attributes with odd ones
		return nil
	}
	if err := p.need(":"); err != nil {
		return err
	}
	if _, err := p.expr(); err != nil {
		return err
	}
	c.fields = append(c.fields, name)
	if p.take("=") {
		value, err := p.expr()
		if err != nil {
			return err
		}
		c.constants[name] = value
	}
	return p.end()
}

// header reads that of a function behind the word def.
func (p *parser) header() (*function, error) {
	name, err := p.name()
	if err != nil {
		return nil, err
	}
	f := &function{name: name, line: p.line}
	if err := p.need("("); err != nil {
		return nil, err
	}
	for !p.take(")") {
		var a param
		if p.take("*") { // parameters behind it are given by name
			if err := p.need(","); err != nil {
				return nil, err
			}
			continue
		}
		if a.name, err = p.name(); err != nil {
			return nil, err
		}
		if p.take(":") {
			if a.kind, err = p.expr(); err != nil {
				return nil, err
			}
		}
		if p.take("=") {
			if a.usual, err = p.expr(); err != nil {
				return nil, err
			}
		}
		f.params = append(f.params, a)
		if !p.peek(")") {
			if err := p.need(","); err != nil {
				return nil, err
			}
		}
	}
	if p.take("->") {
		if _, err := p.expr(); err != nil {
			return nil, err
		}
	}
	if err := p.need(":"); err != nil {
		return nil, err
	}
	return f, p.end()
}

// statements parses the body of a function, once.
func (f *function) statements() ([]stmt, error) {
	if f.parsed {
		return f.body, nil
	}
	body, rest, err := block(f.lines, 0)
	if err == nil && len(rest) > 0 {
		err = lineError(rest[0].line, "a line that is indented less than those in front of it")
	}
	if err != nil {
		return nil, err
	}
	f.body, f.parsed, f.lines = body, true, nil
	return body, nil
}

// block parses the lines that are indented as the first one is, with their blocks.
func block(lines []*logical, depth int) (body []stmt, rest []*logical, err error) {
	if len(lines) == 0 {
		return nil, nil, nil
	}
	if depth > maxDepth {
		return nil, nil, lineError(lines[0].line, "more than %d blocks in blocks", maxDepth)
	}
	indent := lines[0].indent
	for len(lines) > 0 && lines[0].indent == indent {
		line := lines[0]
		lines = lines[1:]
		p := &parser{tokens: line.tokens, line: line.line}
		s, err := p.statement()
		if err != nil {
			return nil, nil, err
		}
		if s.kind == ifStmt || s.kind == forStmt || s.kind == whileStmt {
			if s.body, lines, err = inner(lines, line, depth); err != nil {
				return nil, nil, err
			}
			if s.kind == ifStmt && len(lines) > 0 && lines[0].indent == indent && (&parser{tokens: lines[0].tokens}).peek("else") {
				other := lines[0]
				if s.other, lines, err = inner(lines[1:], other, depth); err != nil {
					return nil, nil, err
				}
			}
		}
		body = append(body, s)
	}
	if len(lines) > 0 && lines[0].indent > indent {
		return nil, nil, lineError(lines[0].line, "a line that is indented more than the one in front of it")
	}
	return body, lines, nil
}

// inner parses the block behind a line that opens one.
func inner(lines []*logical, head *logical, depth int) ([]stmt, []*logical, error) {
	if len(lines) == 0 || lines[0].indent <= head.indent {
		return nil, nil, lineError(head.line, "it opens a block that is missing")
	}
	return block(lines, depth+1)
}

func (p *parser) statement() (stmt, error) {
	s := stmt{line: p.line}
	var err error
	switch {
	case p.take("pass"):
		s.kind = passStmt
	case p.take("return"):
		s.kind = returnStmt
		if p.at < len(p.tokens) {
			s.value, err = p.exprs()
		}
	case p.take("if"):
		s.kind = ifStmt
		if s.value, err = p.expr(); err == nil {
			err = p.need(":")
		}
	case p.take("while"):
		s.kind = whileStmt
		if s.value, err = p.expr(); err == nil {
			err = p.need(":")
		}
	case p.take("for"):
		s.kind = forStmt
		var name string
		if name, err = p.name(); err != nil {
			return s, err
		}
		s.targets = []expr{nameExpr{name}}
		if err = p.need("in"); err != nil {
			return s, err
		}
		if s.value, err = p.expr(); err == nil {
			err = p.need(":")
		}
	default:
		err = p.assignment(&s)
	}
	if err == nil {
		err = p.end()
	}
	return s, err
}

// assignment reads a, b, = value; a = value; a : T = value; or a value alone.
func (p *parser) assignment(s *stmt) error {
	for {
		e, err := p.expr()
		if err != nil {
			return err
		}
		s.targets = append(s.targets, e)
		if !p.take(",") {
			break
		}
		s.spread = true
		if p.peek("=") {
			break
		}
	}
	if p.take(":") {
		if _, err := p.expr(); err != nil {
			return err
		}
	}
	if p.take("=") {
		var err error
		s.value, err = p.exprs()
		return err
	}
	if s.spread {
		return p.mistaken(`"="`)
	}
	s.kind, s.value, s.targets = exprStmt, s.targets[0], nil
	return nil
}
