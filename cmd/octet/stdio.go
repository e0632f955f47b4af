package main

import (
	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/stdio"
)

const stdioName = "stdio"

const stdioHelp = `stdio lets another program use octet over a pair of pipes, as the npm package does:
it keeps models open, runs them, and carries other commands with their progress.
Frames go both ways: "OCT1", the lengths of header and payload in 4 bytes each,
little-endian, the header in JSON, the payload. The first one says who is there:

  {"hello": {"protocol": 1, "version": "v1.2.3", "in_flight": 3, "max_payload": 1073741824}}

The client numbers its requests from 1 and may send several before an answer; of
runs and commands, at most in_flight:

  {"id": 1, "op": "open", "session": 1, "args": ["--threads=2", "--", "model.pth"]}
  {"id": 2, "op": "run", "session": 1, "tensor": {"dtype": "float32", "shape": [1, 3, 224, 224]}}
  {"id": 3, "op": "run", "session": 1, "images": [48213, 9000], "top": 5}
  {"id": 4, "op": "command", "args": ["inspect", "--", "model.pth"]}
  {"id": 5, "op": "close", "session": 1}
  {"op": "cancel", "id": 4}

The client chooses the numbers of sessions, and need not wait for open before it
runs. A session that could not be opened answers runs with the reason until it is
closed, or opened again. The payload of run is the elements, little-endian, or the image files one
behind the other; that of command is its standard input. With top, the answer is
the most probable classes in place of the logits. In place of a tensor, a run of an
ONNX model may have all inputs by name, in this order in the payload; the answer has all outputs by theirs:

  {"id": 3, "op": "run", "session": 1, "tensors": [{"name": "ids", "dtype": "int64", "shape": [1, 8]}]}

Before an answer there may be any number of events:

  {"id": 4, "progress": {"stage": "calibrate", "unit": "inputs", "done": 3, "total": 8}}
  {"id": 4, "note": "assumed: ..."}
  {"id": 2, "arrays": [{"name": "output", "dtype": "float32", "shape": [1, 1000]}]}
  {"id": 4, "document": true}
  {"id": 3, "error": {"exit_code": 4, "message": "image 0: ..."}}

The payload of an answer is the arrays and behind them, with document, the JSON
document of the command. An error without id ends the conversation. So does the
end of standard input: the client is gone, and what still runs is broken off.`

func newStdioCommand(c *console.Console) *cobra.Command {
	return &cobra.Command{
		Use:    stdioName,
		Short:  "Serve another program over standard input and output",
		Long:   stdioHelp,
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: c.Command(func(cmd *cobra.Command, _ []string) error {
			return stdio.New(stdio.Program{Version: version(), Root: newRoot, Execute: execute}, c.In, c.Out).Serve(cmd.Context())
		}),
	}
}
