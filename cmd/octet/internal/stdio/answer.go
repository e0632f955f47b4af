package stdio

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/tensor"
)

// ArrayInfo describes elements in a payload.
type ArrayInfo struct {
	Name  string       `json:"name,omitempty"` // empty of a request's only tensor
	DType tensor.DType `json:"dtype"`          // of its elements, little-endian in the payload
	Shape tensor.Shape `json:"shape"`          // row-major
}

// answer is the outcome of a request.
type answer struct {
	arrays   []console.NamedTensor
	document any // nil: there is none
}

// answer sends the outcome of a request. An error after ctx has ended counts as an
// interruption: a client that is still there asks again.
func (h *host) answer(ctx context.Context, id uint64, a answer, err error) {
	if err != nil && ctx.Err() != nil {
		return
	}
	if err == nil {
		err = h.send(id, a)
	}
	if err != nil {
		h.out.Write(Reply{ID: id, Error: console.NewFailure(err)})
	}
}

// send writes an answer: the arrays, behind them the document.
func (h *host) send(id uint64, a answer) error {
	reply := Reply{ID: id, Document: a.document != nil}
	var payload [][]byte
	for _, n := range a.arrays {
		t := n.Tensor
		reply.Arrays = append(reply.Arrays, ArrayInfo{n.Name, t.DType(), t.Shape()})
		payload = append(payload, t.Bytes())
	}
	if a.document != nil {
		var doc bytes.Buffer
		enc := json.NewEncoder(&doc)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(a.document); err != nil {
			return err
		}
		payload = append(payload, doc.Bytes())
	}
	return h.out.Write(reply, payload...)
}
