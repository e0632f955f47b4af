package script

import (
	"fmt"
	"strings"
)

// token is a word, a number, a text or a sign. The text of a text is what it says, without quotes.
type token struct {
	kind tokenKind
	text string
	line int
}

type tokenKind uint8

const (
	tokenSign tokenKind = iota
	tokenName
	tokenNumber
	tokenText
	tokenEnd // of a line
)

// logical is a line with what belongs to it: brackets that are open go on in the next one.
type logical struct {
	indent int
	line   int // the first, from 1 on
	tokens []token
}

// Limits of one source: far above what PyTorch prints for real models.
const (
	maxSource = 32 << 20
	maxTokens = 1 << 20
	maxDepth  = 200 // of brackets in brackets, and of blocks in blocks
)

// lexer cuts a source into lines of tokens, one at a time: most of a source is never looked at.
type lexer struct {
	text   string
	at     int
	line   int
	tokens int
}

// next reads a logical line; nil at the end.
func (l *lexer) next() (*logical, error) {
	for l.at < len(l.text) {
		l.line++
		indent := 0
		for l.at < len(l.text) && l.text[l.at] == ' ' {
			l.at++
			indent++
		}
		if l.at == len(l.text) {
			return nil, nil
		}
		if c := l.text[l.at]; c == '\n' || c == '#' || c == '\r' {
			l.skipLine()
			continue
		}
		line := &logical{indent: indent, line: l.line}
		return line, l.fill(line)
	}
	return nil, nil
}

func (l *lexer) skipLine() {
	if end := strings.IndexByte(l.text[l.at:], '\n'); end >= 0 {
		l.at += end + 1
		return
	}
	l.at = len(l.text)
}

// fill reads the tokens of a line.
func (l *lexer) fill(line *logical) error {
	open := 0
	for l.at < len(l.text) {
		c := l.text[l.at]
		switch {
		case c == ' ' || c == '\r':
			l.at++
			continue
		case c == '#':
			l.skipLine()
			if open == 0 {
				return nil
			}
			l.line++
			continue
		case c == '\n':
			l.at++
			if open == 0 {
				return nil
			}
			l.line++
			continue
		}
		t, err := l.token()
		if err != nil {
			return err
		}
		if l.tokens++; l.tokens > maxTokens {
			return lineError(l.line, "more than %d words", maxTokens)
		}
		if t.kind == tokenSign {
			switch t.text {
			case "(", "[", "{":
				open++
			case ")", "]", "}":
				open--
			}
			if open > maxDepth {
				return lineError(l.line, "more than %d brackets in brackets", maxDepth)
			}
		}
		line.tokens = append(line.tokens, t)
	}
	if open > 0 {
		return lineError(l.line, "the code ends within brackets: the file may be cut off")
	}
	return nil
}

func isLetter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// token reads one token.
func (l *lexer) token() (token, error) {
	from, c := l.at, l.text[l.at]
	made := func(kind tokenKind) (token, error) { return token{kind, l.text[from:l.at], l.line}, nil }
	switch {
	case isLetter(c):
		for l.at < len(l.text) && (isLetter(l.text[l.at]) || isDigit(l.text[l.at])) {
			l.at++
		}
		return made(tokenName)
	case isDigit(c) || c == '.' && l.at+1 < len(l.text) && isDigit(l.text[l.at+1]):
		for l.at < len(l.text) && (isLetter(l.text[l.at]) || isDigit(l.text[l.at]) || l.text[l.at] == '.' ||
			(l.text[l.at] == '-' || l.text[l.at] == '+') && (l.text[l.at-1] == 'e' || l.text[l.at-1] == 'E')) {
			l.at++
		}
		return made(tokenNumber)
	case c == '"' || c == '\'':
		return l.quoted(c)
	case strings.HasPrefix(l.text[l.at:], "->"):
		l.at += 2
		return made(tokenSign)
	case strings.IndexByte("()[]{},:=.-+*/<>!%|&~@", c) >= 0:
		l.at++
		return made(tokenSign)
	}
	return token{}, lineError(l.line, "the character %q, which TorchScript's code has not", c)
}

// quoted reads a text with the escapes that PyTorch writes.
func (l *lexer) quoted(quote byte) (token, error) {
	t := token{kind: tokenText, line: l.line}
	var b strings.Builder
	for l.at++; l.at < len(l.text); l.at++ {
		c := l.text[l.at]
		switch {
		case c == quote:
			l.at++
			t.text = b.String()
			return t, nil
		case c == '\n':
			return t, lineError(l.line, "a text that does not end in its line")
		case c == '\\' && l.at+1 < len(l.text):
			l.at++
			if i := strings.IndexByte("ntrabfv", l.text[l.at]); i >= 0 {
				b.WriteByte("\n\t\r\a\b\f\v"[i])
			} else if isDigit(l.text[l.at]) { // \ooo
				code := 0
				for n := 0; n < 3 && l.at < len(l.text) && l.text[l.at] >= '0' && l.text[l.at] <= '7'; n++ {
					code = code*8 + int(l.text[l.at]-'0')
					l.at++
				}
				l.at--
				b.WriteByte(byte(code))
			} else {
				b.WriteByte(l.text[l.at])
			}
		default:
			b.WriteByte(c)
		}
	}
	return t, lineError(l.line, "a text without its end: the file may be cut off")
}

// LineError says in which line of a source something was wrong.
type LineError struct {
	Line int   // from 1 on
	Err  error // what was found there
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap returns the cause.
func (e *LineError) Unwrap() error { return e.Err }

func lineError(line int, format string, args ...any) error {
	return &LineError{line, fmt.Errorf(format, args...)}
}
