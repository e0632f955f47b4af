package main

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/octet-ml/octet/tensor"
)

// arrayInfo describes elements in a payload.
type arrayInfo struct {
	Name  string       `json:"name,omitempty"`
	DType tensor.DType `json:"dtype"`
	Shape tensor.Shape `json:"shape"`
}

// answer is the outcome of a request.
type answer struct {
	arrays   []namedTensor
	document any // nil: there is none
}

// answer sends the outcome of a request. What fails when the conversation, ctx,
// has ended, fails because of it: a client that is still there asks again.
func (h *host) answer(ctx context.Context, id uint64, a answer, err error) {
	if err != nil && ctx.Err() != nil {
		return
	}
	if err == nil {
		err = h.send(id, a)
	}
	if err != nil {
		h.out.Write(stdioReply{ID: id, Error: newFailure(err)})
	}
}

// send writes an answer: the arrays, behind them the document.
func (h *host) send(id uint64, a answer) error {
	reply := stdioReply{ID: id, Document: a.document != nil}
	var payload [][]byte
	for _, n := range a.arrays {
		t := n.tensor
		reply.Arrays = append(reply.Arrays, arrayInfo{n.name, t.DType(), t.Shape()})
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
