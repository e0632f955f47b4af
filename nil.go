package octet

import "fmt"

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

// check finds a session that is none.
func (s *Session) check() error {
	if s == nil || s.engine == nil {
		return errNil("session", "Model.Compile returns one")
	}
	return nil
}
