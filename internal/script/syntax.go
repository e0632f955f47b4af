package script

// Expressions and statements, as they are parsed.
type (
	expr interface{}

	nameExpr  struct{ name string }
	constExpr struct{ value Value }
	attrExpr  struct {
		of   expr
		name string
	}
	callExpr struct {
		fn    expr
		args  []expr
		named []namedExpr
	}
	namedExpr struct {
		name  string
		value expr
	}
	indexExpr struct{ of, index expr }
	listExpr  struct{ items []expr }
	tupleExpr struct{ items []expr }
	dictExpr  struct{ keys, values []expr }
	// otherExpr is what is parsed and not followed: a sign between two operands.
	otherExpr struct{ what string }
)

type stmtKind uint8

const (
	assignStmt stmtKind = iota
	exprStmt
	ifStmt
	forStmt
	whileStmt
	returnStmt
	passStmt
)

// stmt is one statement.
type stmt struct {
	kind    stmtKind
	line    int
	targets []expr // of an assignment, or the one name of a loop
	spread  bool   // the value of an assignment is taken apart: a, b, = t
	value   expr   // assigned, computed, returned, asked, looped over; nil of a bare return
	body    []stmt
	other   []stmt // of an if
}

// function is a function or a method.
type function struct {
	name   string
	source *Source
	line   int
	params []param
	lines  []*logical // its body, until it is parsed
	body   []stmt
	parsed bool
}

type param struct {
	name  string
	kind  expr // the annotation; nil where there is none
	usual expr // the default; nil where there is none
}

// class is a class: of modules, or a named tuple.
type class struct {
	name      string
	base      string // Module, NamedTuple, ...
	source    *Source
	functions map[string]*function
	constants map[string]expr // of attributes that are Final
	fields    []string        // in order, of a named tuple
}
