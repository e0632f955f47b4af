package onnx

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// Limits of what a file may describe. The largest real graphs have some ten thousand
// nodes; what the limits leave keeps the decoded message below 256 MiB beside the
// weights.
const (
	maxBytes    = 1<<31 - 1 // of a protobuf message
	maxDepth    = 16        // of graphs in attributes of nodes
	maxNodes    = 100_000
	maxMessages = 1_000_000 // nodes, attributes, tensors, names ... together
	maxNumbers  = 8_000_000 // integers and strings of repeated fields, but for tensors' data
)

// message is what scan knows of a protobuf message: its fields that are messages.
type message struct {
	fields map[protowire.Number]*message
	node   bool // counts against maxNodes
	graph  bool // counts against maxDepth
	data   map[protowire.Number]bool
}

// modelMessage describes ModelProto as far as memory may grow with it.
var modelMessage = func() *message {
	leaf := &message{}
	tensor := &message{data: map[protowire.Number]bool{4: true, 5: true, 7: true, 9: true, 10: true, 11: true}, fields: map[protowire.Number]*message{13: leaf}}
	shape := &message{fields: map[protowire.Number]*message{1: leaf}}
	valueType := &message{fields: map[protowire.Number]*message{1: {fields: map[protowire.Number]*message{2: shape}}}}
	value := &message{fields: map[protowire.Number]*message{2: valueType, 4: leaf}}
	graph, attribute := &message{graph: true}, &message{}
	node := &message{node: true, fields: map[protowire.Number]*message{5: attribute, 9: leaf}}
	attribute.fields = map[protowire.Number]*message{5: tensor, 6: graph, 10: tensor, 11: graph}
	graph.fields = map[protowire.Number]*message{1: node, 5: tensor, 11: value, 12: value, 13: value, 15: leaf}
	function := &message{fields: map[protowire.Number]*message{7: node, 9: leaf, 11: attribute, 12: value}}
	return &message{fields: map[protowire.Number]*message{7: graph, 8: leaf, 14: leaf, 25: function}}
}()

// scanner counts what a message would become in memory.
type scanner struct{ nodes, messages, numbers int }

// scan walks the wire format without building anything, so that a small file cannot
// claim a large memory.
func scan(data []byte) error { return new(scanner).walk(data, modelMessage, 0) }

func (s *scanner) walk(data []byte, m *message, depth int) error {
	if s.messages++; s.messages > maxMessages {
		return fmt.Errorf("it describes more than %d messages", maxMessages)
	}
	if m.node {
		if s.nodes++; s.nodes > maxNodes {
			return fmt.Errorf("it has more than %d nodes", maxNodes)
		}
	}
	if m.graph {
		if depth++; depth > maxDepth {
			return fmt.Errorf("graphs are nested more than %d deep", maxDepth)
		}
	}
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return protowire.ParseError(n)
		}
		data = data[n:]
		if kind != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(number, kind, data); n < 0 {
				return protowire.ParseError(n)
			}
			s.numbers++
			data = data[n:]
			continue
		}
		field, n := protowire.ConsumeBytes(data)
		if n < 0 {
			return fmt.Errorf("it ends inside field %d, which claims more bytes than there are: the file is cut off or damaged; get it again", number)
		}
		data = data[n:]
		switch sub := m.fields[number]; {
		case sub != nil:
			if err := s.walk(field, sub, depth); err != nil {
				return err
			}
		case !m.data[number]:
			s.numbers += 1 + len(field)/8
		}
		if s.numbers > maxNumbers {
			return fmt.Errorf("it holds more than %d numbers and names outside of tensors", maxNumbers)
		}
	}
	return nil
}
