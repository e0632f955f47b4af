package octet

import (
	"fmt"

	"github.com/octet-ml/octet/train"
)

// errNil says that an argument is missing, and where one comes from.
func errNil(what, remedy string) error {
	return fmt.Errorf("there is no %s: it is nil; %s", what, remedy)
}

// check finds a model that is none: nil, or made by nobody.
func (m *Model) check() error {
	if m == nil || m.graph == nil {
		return errNil("model", "octet.Open, octet.New and octet.Quantize return one")
	}
	return nil
}

// checkTraining finds a model or data that are none.
func (m *Model) checkTraining(data *train.Data) error {
	if err := m.check(); err != nil {
		return err
	}
	if data == nil || data.Source == nil {
		return classed{errNil("training data", "octet.LabelledData opens some"), ErrTraining}
	}
	return nil
}

// check finds a session that is none.
func (s *Session) check() error {
	if s == nil || s.engine == nil {
		return errNil("session", "Model.Compile returns one")
	}
	return nil
}
