package main

import (
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
)

func TestMistypedCommands(t *testing.T) {
	for meant, args := range map[string][]string{
		"octet has no command \"quantise\": did you mean quantize?":         {"quantise"},
		"octet has no command \"bnech\": did you mean bench?":               {"bnech", "m.pth"},
		"octet zoo has no command \"lst\": did you mean list?":              {"zoo", "lst"},
		"octet zoo has no command \"pul\": did you mean pull?":              {"zoo", "pul", "x"},
		"octet completion has no command \"zhs\": did you mean zsh?":        {"completion", "zhs"},
		"octet has no command \"compair\": did you mean compare?":           {"help", "compair"},
		"octet zoo has no command \"inof\": did you mean info?":             {"help", "zoo", "inof"},
		"octet has no command \"exit-code\": did you mean exit-codes?":      {"help", "exit-code"},
		"octet completion has no command \"tcsh\": it has bash, fish, powe": {"completion", "tcsh"},
	} {
		octetCommand(t, args...).fails(t, exit.Usage, meant)
	}
	for _, args := range [][]string{{"help"}, {"help", "zoo"}, {"help", "zoo", "pull"}, {"zoo"}, {"completion"}, {"help", "exit-codes"}, {"exit-codes"}} {
		octetCommand(t, args...).must(t)
	}
}
