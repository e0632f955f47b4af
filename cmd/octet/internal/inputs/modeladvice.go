package inputs

import (
	"errors"
	"fmt"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/shell"
	"github.com/octet-ml/octet/statedict"
)

// AdviseModel ends the error of a model file that could not be opened with a
// command that helps.
func AdviseModel(err error, path string, f *ModelFlags) error {
	var (
		choice   *octet.ChoiceError
		nearest  *octet.NearestError
		looks    *octet.LooksLikeError
		mismatch *statedict.MismatchError
	)
	word := shell.Quote(path)
	inspect := "octet inspect " + word
	if f.Key != "" {
		inspect += " --key " + shell.Quote(f.Key)
	}
	advice := ""
	switch {
	case errors.As(err, &choice):
		advice = fmt.Sprintf("octet inspect %s --key %s", word, shell.Quote(choice.Choices[0].Key))
	case errors.As(err, &nearest) && nearest.Mismatch == nil && nearest.Key != "":
		advice = fmt.Sprintf("octet inspect %s --key %s", word, shell.Quote(nearest.Key))
	case errors.As(err, &nearest):
		advice = inspect + " --tensors"
	case errors.As(err, &looks) && len(looks.Archs) > 0:
		advice = fmt.Sprintf("%s --arch %s", inspect, looks.Archs[0])
	case errors.As(err, &mismatch):
		advice = inspect + " --tensors"
	default:
		return err
	}
	return fmt.Errorf("%w\n%s", err, advice)
}
