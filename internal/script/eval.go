package script

import (
	"errors"
	"fmt"
	"strings"
)

// Limits of what is followed.
const (
	maxSteps  = 1 << 19 // statements
	maxCalls  = 128     // in calls
	maxValues = 1 << 18 // items of lists that are made
	maxRounds = 1 << 16 // of a loop with while
)

// Evaluator follows the code of an archive.
type Evaluator struct {
	m       Machine
	sources map[string]*Source
	missing map[string]bool
	steps   int
	depth   int
	values  int
	hints   []string
	// where the innermost statement stands.
	record string
	line   int
}

// New returns an evaluator of the code that m has.
func New(m Machine) *Evaluator {
	return &Evaluator{m: m, sources: map[string]*Source{}, missing: map[string]bool{}}
}

// Error says where in the code something could not be followed.
type Error struct {
	Record string // of the archive
	Line   int    // of the record, from 1 on
	Err    error  // what was found there
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("record %s: %v", e.Record, e.Err)
	}
	return fmt.Sprintf("record %s, line %d: %v", e.Record, e.Line, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ErrLimit is wrapped by errors about code that is longer or deeper than is followed.
var ErrLimit = errors.New("too much code")

// ErrControl is wrapped by errors about branches and loops that only a run decides.
var ErrControl = errors.New("control flow that depends on data")

// errData is an ErrControl that no sizes of inputs would decide.
var errData = fmt.Errorf("%w", ErrControl)

// OnSizes reports whether err may go where the sizes of all inputs are known.
func OnSizes(err error) bool { return !errors.Is(err, errData) }

// FromData is the Unknown of what is computed from the numbers in the inputs, not from their sizes.
const FromData = "numbers of the inputs"

// Forward follows the method forward of an object. args are the values of its parameters.
func (v *Evaluator) Forward(o *Object, args []Value) (Value, error) {
	f, err := v.method(o, "forward")
	if err != nil {
		return nil, err
	}
	return v.invoke(o, f, args, nil)
}

// Method follows another method of an object.
func (v *Evaluator) Method(o *Object, name string, args ...Value) (Value, error) {
	f, err := v.method(o, name)
	if err != nil {
		return nil, err
	}
	return v.invoke(o, f, args, nil)
}

// Parameters are the names of the parameters of forward without self, and the kinds that its code
// says they have, empty where it does not say.
func (v *Evaluator) Parameters(o *Object) (names, kinds []string, err error) {
	f, err := v.method(o, "forward")
	if err != nil {
		return nil, nil, err
	}
	for i, p := range f.params {
		if i > 0 {
			names, kinds = append(names, p.name), append(kinds, spelled(p.kind))
		}
	}
	return names, kinds, nil
}

// spelled is an annotation as text: Optional[Tensor].
func spelled(e expr) string {
	switch e := e.(type) {
	case nameExpr:
		return e.name
	case attrExpr:
		return spelled(e.of) + "." + e.name
	case indexExpr:
		return spelled(e.of) + "[" + spelled(e.index) + "]"
	case tupleExpr:
		var parts []string
		for _, item := range e.items {
			parts = append(parts, spelled(item))
		}
		return strings.Join(parts, ", ")
	}
	return ""
}

// Where is the record and the line that are followed now.
func (v *Evaluator) Where() (record string, line int) { return v.record, v.line }

// located puts the place around err.
func located(err error, record string, line int) error {
	var at *Error
	if err == nil || errors.As(err, &at) {
		return err
	}
	var inLine *LineError
	if errors.As(err, &inLine) {
		return &Error{record, inLine.Line, inLine.Err}
	}
	return &Error{record, line, err}
}

// source is the code of a module, nil where there is none.
func (v *Evaluator) source(module string) (*Source, error) {
	if s := v.sources[module]; s != nil || v.missing[module] {
		return s, nil
	}
	record, text, err := v.m.Source(module)
	if err != nil {
		return nil, err
	}
	if record == "" {
		v.missing[module] = true
		return nil, nil
	}
	s, err := parseSource(record, text)
	if err != nil {
		return nil, located(err, record, 0)
	}
	v.sources[module] = s
	return s, nil
}

// class is a class by its full name.
func (v *Evaluator) class(name string) (*class, error) {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return nil, nil
	}
	s, err := v.source(name[:dot])
	if err != nil || s == nil {
		return nil, err
	}
	return s.classes[name[dot+1:]], nil
}

func (v *Evaluator) method(o *Object, name string) (*function, error) {
	c, err := v.class(o.Class)
	if err != nil {
		return nil, err
	}
	if c == nil {
		return nil, fmt.Errorf("the code of %s is missing: no record of the archive has that class", o.Class)
	}
	f := c.functions[name]
	if f == nil {
		return nil, fmt.Errorf("%s has no method %s", o.Class, name)
	}
	return f, nil
}

// frame is a function that is followed.
type frame struct {
	v     *Evaluator
	self  *Object // the module that nodes belong to
	names map[string]Value
}

// invoke follows a function.
func (v *Evaluator) invoke(self *Object, f *function, args []Value, named map[string]Value) (Value, error) {
	if v.depth++; v.depth > maxCalls {
		return nil, fmt.Errorf("%w: calls in calls are more than %d deep", ErrLimit, maxCalls)
	}
	record, line := v.record, v.line
	defer func() { v.depth--; v.record, v.line = record, line }()
	body, err := f.statements()
	if err != nil {
		return nil, located(err, f.source.Record, f.line)
	}
	fr := &frame{v: v, self: self, names: map[string]Value{}}
	params := f.params
	if self != nil && len(params) > 0 && len(args) < len(params) && params[0].kind != nil && strings.HasPrefix(spelled(params[0].kind), "__torch__") && (len(args) == 0 || args[0] != Value(self)) {
		args = append([]Value{self}, args...)
	}
	if len(args) > len(params) {
		return nil, fmt.Errorf("%s takes %d values, and is given %d", f.name, len(params), len(args))
	}
	for i, p := range params {
		value, given := Value(nil), i < len(args)
		if given {
			value = args[i]
		} else if value, given = named[p.name]; !given && p.usual != nil {
			if value, err = fr.eval(p.usual); err != nil {
				return nil, located(err, f.source.Record, f.line)
			}
			given = true
		}
		if !given {
			return nil, fmt.Errorf("%s is called without its parameter %q", f.name, p.name)
		}
		fr.names[p.name] = value
	}
	v.record = f.source.Record
	out, _, err := fr.block(body)
	return out, err
}

// block follows statements; done reports that one of them has returned.
func (f *frame) block(body []stmt) (out Value, done bool, err error) {
	for i := range body {
		s := &body[i]
		if f.v.steps++; f.v.steps > maxSteps {
			return nil, false, located(fmt.Errorf("%w: more than %d lines are followed", ErrLimit, maxSteps), f.v.record, s.line)
		}
		f.v.line = s.line
		out, done, err = f.statement(s)
		if err != nil || done {
			return out, done, located(err, f.v.record, s.line)
		}
	}
	return nil, false, nil
}

func (f *frame) statement(s *stmt) (out Value, done bool, err error) {
	switch s.kind {
	case passStmt:
		return nil, false, nil
	case returnStmt:
		if s.value == nil {
			return nil, true, nil
		}
		out, err = f.eval(s.value)
		return out, true, err
	case exprStmt:
		_, err = f.eval(s.value)
		return nil, false, err
	case assignStmt:
		return nil, false, f.assign(s)
	case ifStmt:
		return f.branch(s)
	case forStmt:
		return f.loop(s)
	}
	return f.while(s)
}

// branch follows the side of an if that its condition chooses.
func (f *frame) branch(s *stmt) (Value, bool, error) {
	cond, err := f.eval(s.value)
	if err != nil {
		return nil, false, err
	}
	yes, known, err := f.v.truth(cond)
	switch {
	case err != nil:
		return nil, false, err
	case known && yes:
		return f.block(s.body)
	case known:
		return f.block(s.other)
	case raises(s.body): // a check of the inputs
		return f.block(s.other)
	case raises(s.other):
		return f.block(s.body)
	}
	return nil, false, undecided("a branch", cond)
}

// undecided says of a branch or loop that cond does not tell which way it goes.
func undecided(what string, cond Value) error {
	why := ErrControl
	if cond == Value(Unknown{FromData}) {
		why = errData
	}
	return fmt.Errorf("%w: %s on %s", why, what, Describe(cond))
}

// while follows a loop with while, whose condition is known in each round: so the serializer writes
// for with break, continue and return, too.
func (f *frame) while(s *stmt) (Value, bool, error) {
	for range maxRounds {
		cond, err := f.eval(s.value)
		if err != nil {
			return nil, false, err
		}
		yes, known, err := f.v.truth(cond)
		switch {
		case err != nil:
			return nil, false, err
		case !known:
			return nil, false, undecided("a loop with while", cond)
		case !yes:
			return nil, false, nil
		}
		if out, done, err := f.block(s.body); err != nil || done {
			return out, done, err
		}
		f.v.line = s.line
	}
	return nil, false, fmt.Errorf("%w: a loop with while of more than %d rounds", ErrLimit, maxRounds)
}

// raises reports whether a block ends in an exception.
func raises(body []stmt) bool {
	for _, s := range body {
		c, ok := s.value.(callExpr)
		if s.kind == exprStmt && ok && spelled(c.fn) == "ops.prim.RaiseException" {
			return true
		}
	}
	return false
}

// truth is a condition, if it is known.
func (v *Evaluator) truth(cond Value) (yes, known bool, err error) {
	if t, ok := cond.(*Tensor); ok {
		if cond, err = v.m.Item(t); err != nil {
			return false, false, err
		}
	}
	switch c := cond.(type) {
	case bool:
		return c, true, nil
	case int64:
		return c != 0, true, nil
	case float64:
		return c != 0, true, nil
	}
	return false, false, nil
}

// loop follows a loop over a list or a range, both known.
func (f *frame) loop(s *stmt) (Value, bool, error) {
	over, err := f.eval(s.value)
	if err != nil {
		return nil, false, err
	}
	list, ok := over.(*List)
	if !ok {
		return nil, false, fmt.Errorf("%w: a loop over %s", ErrControl, Describe(over))
	}
	name := s.targets[0].(nameExpr).name
	for _, item := range list.Items {
		f.names[name] = item
		if out, done, err := f.block(s.body); err != nil || done {
			return out, done, err
		}
	}
	return nil, false, nil
}

// assign gives names their values.
func (f *frame) assign(s *stmt) error {
	if c, ok := s.value.(callExpr); ok {
		f.v.hint(s.targets)
		defer f.v.hint(nil)
		value, err := f.called(c)
		if err != nil {
			return err
		}
		return f.give(s, value)
	}
	value, err := f.eval(s.value)
	if err != nil {
		return err
	}
	return f.give(s, value)
}

func (f *frame) give(s *stmt, value Value) error {
	if !s.spread {
		return f.store(s.targets[0], value)
	}
	list, ok := value.(*List)
	if !ok || len(list.Items) != len(s.targets) {
		return fmt.Errorf("%s is taken apart into %d", Describe(value), len(s.targets))
	}
	for i, target := range s.targets {
		if err := f.store(target, list.Items[i]); err != nil {
			return err
		}
	}
	return nil
}

func (f *frame) store(target expr, value Value) error {
	switch t := target.(type) {
	case nameExpr:
		f.names[t.name] = value
		return nil
	case attrExpr:
		of, err := f.eval(t.of)
		if err != nil {
			return err
		}
		o, ok := of.(*Object)
		if !ok {
			return fmt.Errorf("an attribute of %s is set", Describe(of))
		}
		if o.set == nil {
			o.set = map[string]Value{}
		}
		o.set[t.name] = value
		return nil
	case indexExpr:
		of, err := f.eval(t.of)
		if err != nil {
			return err
		}
		index, err := f.eval(t.index)
		if err != nil {
			return err
		}
		list, ok := of.(*List)
		if !ok {
			return fmt.Errorf("item %s of %s is set", Describe(index), Describe(of))
		}
		return setItem(list, index, value)
	}
	return errors.New("a value is given to what is no name")
}

// setItem gives an item of a list another value.
func setItem(list *List, index, value Value) error {
	i, whole := index.(int64)
	if i < 0 {
		i += int64(len(list.Items))
	}
	if !whole || list.Tuple || i < 0 || i >= int64(len(list.Items)) {
		return fmt.Errorf("item %s of %s of %d is set", Describe(index), Describe(list), len(list.Items))
	}
	list.Items[i] = value
	return nil
}
