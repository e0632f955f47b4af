package octet

type (
	openFunc     func(*openOptions)
	quantizeFunc func(*quantizeOptions)
	compileFunc  func(*compileOptions)
)

func (f openFunc) applyOpen(o *openOptions)             { f(o) }
func (f quantizeFunc) applyQuantize(o *quantizeOptions) { f(o) }
func (f compileFunc) applyCompile(o *compileOptions)    { f(o) }

// The calls that an option fits, as parts of its type.
type (
	fitsQuantize      struct{}
	fitsConvert       struct{}
	fitsExcludeSlower struct{}
	fitsTrain         struct{}
	fitsQAT           struct{}
	fitsDynamic       struct{}
	fitsWeightOnly    struct{}
)

func (fitsQuantize) forQuantize()           {}
func (fitsConvert) forConvert()             {}
func (fitsExcludeSlower) forExcludeSlower() {}
func (fitsTrain) forTrain()                 {}
func (fitsQAT) forQAT()                     {}
func (fitsDynamic) forDynamic()             {}
func (fitsWeightOnly) forWeightOnly()       {}

// The types of the options, each with the calls that it fits.
type (
	calibrationOption struct {
		quantizeFunc
		fitsQuantize
		fitsExcludeSlower
	}
	conversionOption struct {
		calibrationOption
		fitsConvert
	}
	recipeOption struct {
		conversionOption
		fitsQAT
	}
	layerOption struct {
		recipeOption
		fitsDynamic
		fitsWeightOnly
	}
	weightOnlyOption struct {
		quantizeFunc
		fitsWeightOnly
	}
	backendOption struct {
		layerOption
		backend Backend
	}
	excludeSlowerOption struct {
		quantizeFunc
		fitsExcludeSlower
	}
	qatOption struct {
		quantizeFunc
		fitsQAT
	}
	trainingOption struct {
		qatOption
		fitsTrain
	}
	cpuOption struct {
		calibrationOption
		compileFunc
	}
	threadsOption struct {
		quantizeFunc
		compileFunc
		fitsQuantize
		fitsConvert
		fitsExcludeSlower
		fitsTrain
		fitsQAT
	}
)

func (b backendOption) applyOpen(o *openOptions) { o.backend = b.backend }

func calibrating(f quantizeFunc) calibrationOption { return calibrationOption{quantizeFunc: f} }

func converting(f quantizeFunc) conversionOption {
	return conversionOption{calibrationOption: calibrating(f)}
}

func recipe(f quantizeFunc) recipeOption { return recipeOption{conversionOption: converting(f)} }

func layers(f quantizeFunc) layerOption { return layerOption{recipeOption: recipe(f)} }
