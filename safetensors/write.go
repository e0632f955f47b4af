package safetensors

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/octet-ml/octet/internal/atomicfile"
)

// Save writes f to path, complete or not at all: on an error an old file at path
// stays as it was. The bytes are those of the reference library.
func Save(path string, f *File) error {
	return atomicfile.Write(path, func(w io.Writer) error { return Write(w, f) })
}

// Write is Save to a stream. Tensors are laid out by descending rank of their
// type, then by name; the header is padded with spaces to a multiple of 8.
func Write(w io.Writer, f *File) error {
	names := slices.Clone(f.names)
	for _, n := range names {
		if t := f.tensors[n]; rank(t.DType()) < 0 {
			return fmt.Errorf("tensor %q: the format has no type for %v; store quantized tensors as integers with their parameters beside them", n, t.DType())
		}
		if n == "__metadata__" || !utf8.ValidString(n) {
			return fmt.Errorf("tensor name %q is reserved or not UTF-8", n)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		if r := rank(f.tensors[b].DType()) - rank(f.tensors[a].DType()); r != 0 {
			return r
		}
		return strings.Compare(a, b)
	})
	out := bufio.NewWriterSize(w, 1<<20)
	header, err := f.header(names)
	if err != nil {
		return err
	}
	if _, err := out.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))); err != nil {
		return err
	}
	if _, err := out.Write(header); err != nil {
		return err
	}
	for _, n := range names {
		if _, err := out.Write(f.tensors[n].Bytes()); err != nil {
			return err
		}
	}
	return out.Flush()
}

func (f *File) header(names []string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	if f.Metadata != nil {
		keys := make([]string, 0, len(f.Metadata))
		for k := range f.Metadata {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		b.WriteString(`"__metadata__":{`)
		for i, k := range keys {
			if !utf8.ValidString(k) || !utf8.ValidString(f.Metadata[k]) {
				return nil, fmt.Errorf("metadata %q is not UTF-8", k)
			}
			separate(&b, i)
			b.WriteString(quote(k) + ":" + quote(f.Metadata[k]))
		}
		b.WriteByte('}')
	}
	at := 0
	for i, n := range names {
		if i > 0 || f.Metadata != nil {
			b.WriteByte(',')
		}
		t := f.tensors[n]
		fmt.Fprintf(&b, `%s:{"dtype":%q,"shape":[`, quote(n), dtypes[rank(t.DType())].name)
		for i, d := range t.Shape() {
			separate(&b, i)
			fmt.Fprint(&b, d)
		}
		end := at + t.Numel()*t.DType().Size()
		fmt.Fprintf(&b, `],"data_offsets":[%d,%d]}`, at, end)
		at = end
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	return b.Bytes(), nil
}

func separate(b *bytes.Buffer, i int) {
	if i > 0 {
		b.WriteByte(',')
	}
}

// quote writes a JSON string with the escapes of the reference library, which
// leaves everything from the space up as it is, save quotes and backslashes.
func quote(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always encodes
	text := strings.TrimSuffix(b.String(), "\n")
	text = strings.ReplaceAll(text, `\u2028`, "\u2028")
	return strings.ReplaceAll(text, `\u2029`, "\u2029")
}
