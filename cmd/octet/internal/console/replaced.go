package console

import (
	"bytes"
	"encoding/json"
)

// Document is a document as it is written: an object also names the files that were
// replaced, where there are any.
func (c *Console) Document(document any) any {
	if len(c.replaced) == 0 {
		return document
	}
	return replacing{document, c.replaced}
}

// replacing is a document with the files that its command replaced.
type replacing struct {
	document any
	files    []string
}

// MarshalJSON adds the files as the last field of an object. A list or a number is left
// unchanged.
func (r replacing) MarshalJSON() ([]byte, error) {
	text, err := plainJSON(r.document)
	if err != nil || !bytes.HasPrefix(text, []byte("{")) {
		return text, err
	}
	field, err := plainJSON(struct {
		Replaced []string `json:"replaced"`
	}{r.files})
	if err != nil || bytes.Equal(text, []byte("{}")) {
		return field, err
	}
	return append(append(text[:len(text)-1], ','), field[1:]...), nil
}

// plainJSON is JSON that leaves < and & as they are.
func plainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}
