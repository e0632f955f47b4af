package onnx

import (
	"errors"

	"github.com/octet-ml/octet/graph"
)

// What can be done about nodes that have no counterpart.
const (
	cutAdvice      = "cut the model in front of it, onnx.utils.extract_model(...), and compute the rest in Go"
	sequenceAdvice = "export tensors in place of lists: torch.stack or torch.cat in the model; onnxslim folds sequences of known length"
	randomAdvice   = "make the random numbers in Go and give them as an input, or export the model after model.eval()"
	loopAdvice     = "export the model with loops of known length, which torch.onnx.export(..., dynamo=True) unrolls, or run its body from Go"
	wordAdvice     = "words and categories are turned into numbers in Go, in front of the model: cut the model behind it, onnx.utils.extract_model(...)"
	fusedAdvice    = "it was made by an optimizer of ONNX Runtime: take the model as it was exported, without optimization"
	imageAdvice    = "decode images in Go: octet.Inputs and package vision do; cut the model behind it, onnx.utils.extract_model(...)"
	customAdvice   = "export without custom operators, or " + cutAdvice
	computedAdvice = "give its data or sizes before the model is read: octet run --input NAME=X.npy does by itself, --shape NAME=SIZES fixes a shape; in Go octet.WithInput, octet.WithShape"
	formAdvice     = "export it in another form, or " + cutAdvice
)

// advice is what can be done about operators of ONNX's own domain that are not read.
var advice = map[string]string{
	"Loop": loopAdvice, "Scan": loopAdvice,
	"SequenceConstruct": sequenceAdvice, "SequenceEmpty": sequenceAdvice, "SequenceErase": sequenceAdvice,
	"SequenceInsert": sequenceAdvice, "SequenceLength": sequenceAdvice, "SequenceMap": sequenceAdvice,
	"ConcatFromSequence": sequenceAdvice, "Optional": sequenceAdvice, "OptionalGetElement": sequenceAdvice, "OptionalHasElement": sequenceAdvice,
	"RandomNormal": randomAdvice, "RandomNormalLike": randomAdvice, "RandomUniform": randomAdvice, "RandomUniformLike": randomAdvice,
	"Multinomial": randomAdvice, "Bernoulli": randomAdvice,
	"StringNormalizer": wordAdvice, "StringConcat": wordAdvice, "StringSplit": wordAdvice, "RegexFullMatch": wordAdvice,
	"ImageDecoder": imageAdvice,
}

// adviceOn says what can be done about a node that could not be read.
func adviceOn(o operator, known bool, err error) string {
	switch text := advice[o.kind]; {
	case errors.Is(err, graph.ErrComputed):
		return computedAdvice
	case known:
		return formAdvice
	case o.domain == "" && text != "":
		return text
	case o.domain == "":
		return cutAdvice
	case o.domain == "com.microsoft":
		return fusedAdvice
	case o.domain == "ai.onnx.ml":
		return wordAdvice
	}
	return customAdvice
}
