/// What a run was made with: enough to make it again, and to notice when something is not what it was.
public struct RunManifest: Record {
    /// Version of this software.
    public var version: String
    /// When the run was first started, in ISO 8601.
    public var created: String
    /// The model.
    public var model: Fingerprint
    /// Each problem file by its role, such as `train` and `eval`.
    public var datasets: [String: Fingerprint]
    /// A hash of the tokens of the first 1,000 prompts of each set, the stop tokens and all fields of the problems. It shows that
    /// files which have moved are the same to the run. `nil` in records of older versions.
    public var inputs: String?
    /// Prompt style; `nil` in records of older versions.
    public var promptStyle: String?
    /// Who grades the training problems: a method's name, or a command; `nil` in records of older versions.
    public var grader: String?
    /// The first training prompt, as the model gets it; `nil` in records of older versions.
    public var examplePrompt: String?
    /// The adapter that training started from, with a hash of its files or its code; `nil` for an untrained one.
    public var initialAdapter: Fingerprint?
    /// Problems that two datasets share, such as `eval in train`; `nil` for none.
    public var overlaps: [String: Int]?
    /// The resolved adapter plan in words, such as `13 parameters · rank 2 · tiled by 16`.
    public var plan: String
    /// Numbers that are trained.
    public var trainedParameters: Int
    /// Names and versions of the schemes behind the numbers, such as those of the random streams; `gradient`, the order of
    /// the gradient's sums; and `arithmetic`, that of products with the weights, `float32` where it is missing.
    public var schemes: [String: String]
    /// Engines in other processes that the run was first started with, by their role: software, version and address. `nil` for
    /// none, and in records of older versions.
    public var engines: [String: [String]]?
    /// Seed of the run.
    public var seed: UInt64
    /// Where the run was first started.
    public var machine: MachineRecord

    /// Makes a manifest from its parts.
    public init(
        version: String, created: String, model: Fingerprint, datasets: [String: Fingerprint],
        inputs: String? = nil, promptStyle: String? = nil, grader: String? = nil, examplePrompt: String? = nil,
        initialAdapter: Fingerprint? = nil, overlaps: [String: Int]? = nil,
        plan: String, trainedParameters: Int, schemes: [String: String], engines: [String: [String]]? = nil,
        seed: UInt64, machine: MachineRecord
    ) {
        self.version = version
        self.created = created
        self.model = model
        self.datasets = datasets
        self.inputs = inputs
        self.promptStyle = promptStyle
        self.grader = grader
        self.examplePrompt = examplePrompt
        self.initialAdapter = initialAdapter
        self.overlaps = overlaps
        self.plan = plan
        self.trainedParameters = trainedParameters
        self.schemes = schemes
        self.engines = engines
        self.seed = seed
        self.machine = machine
    }

    private enum CodingKeys: String, CodingKey {
        case version, created, model, datasets, inputs, grader, overlaps, plan, schemes, engines, seed, machine
        case promptStyle = "prompt_style"
        case examplePrompt = "example_prompt"
        case initialAdapter = "initial_adapter"
        case trainedParameters = "trained_parameters"
    }

    /// Key of the order of the gradient's sums in ``schemes``.
    public static let gradientScheme = "gradient"
    /// Key of the software of servers that sample in ``schemes``, without versions; it is missing where this process samples.
    public static let samplerScheme = "sampler"
    /// Key of the software of the process that learns in ``schemes``; it is missing where this process learns.
    public static let learnerScheme = "learner"

    /// The first thing that would give other numbers than `other`'s, if any: model, datasets, initial adapter,
    /// inputs, plan, size, schemes, seed.
    ///
    /// Machine, version, date and versions of engines are left out, and so are names of files: only their content counts. Style and
    /// grader are compared as settings.
    ///
    /// - Returns: The key, this manifest's value and the other's.
    public func firstDifference(from other: RunManifest) -> (key: String, mine: String, theirs: String)? {
        if model.content != other.model.content { return ("model", model.description, other.model.description) }
        for role in Set(datasets.keys).union(other.datasets.keys).sorted() {
            let mine = datasets[role], theirs = other.datasets[role]
            if mine?.content != theirs?.content {
                return ("datasets.\(role)", mine?.description ?? "none", theirs?.description ?? "none")
            }
        }
        if initialAdapter?.content != other.initialAdapter?.content {
            return (
                "initial_adapter", initialAdapter?.description ?? "none", other.initialAdapter?.description ?? "none"
            )
        }
        if let inputs, let theirs = other.inputs, inputs != theirs { return ("inputs", inputs, theirs) }
        if plan != other.plan { return ("plan", plan, other.plan) }
        if trainedParameters != other.trainedParameters {
            return ("trained_parameters", "\(trainedParameters)", "\(other.trainedParameters)")
        }
        for scheme in Set(schemes.keys).union(other.schemes.keys).sorted()
        where schemes[scheme] != other.schemes[scheme] {
            return ("schemes.\(scheme)", schemes[scheme] ?? "none", other.schemes[scheme] ?? "none")
        }
        return seed == other.seed ? nil : ("seed", "\(seed)", "\(other.seed)")
    }
}

/// A name for people and a hash of the content for certainty.
public struct Fingerprint: Record, CustomStringConvertible {
    /// What people call it; a file's name without its folder.
    public var name: String
    /// Hash of the content, as hexadecimal digits.
    public var content: String

    /// Makes a fingerprint from its parts.
    public init(name: String, content: String) {
        self.name = name
        self.content = content
    }

    /// The name and the first twelve digits of the hash.
    public var description: String { "\(name) (\(content.prefix(12)))" }
}

/// The machine a run was started on. It never changes a number; it explains times.
public struct MachineRecord: Record {
    /// Operating system, such as `Linux`.
    public var system: String
    /// Processor family, such as `x86_64`.
    public var architecture: String
    /// Processors the system offers.
    public var processors: Int
    /// Threads the engine uses.
    public var threads: Int
    /// Instruction set of the engine's kernels, such as `avx512`.
    public var instructions: String

    /// Makes a record from its parts.
    public init(system: String, architecture: String, processors: Int, threads: Int, instructions: String) {
        self.system = system
        self.architecture = architecture
        self.processors = processors
        self.threads = threads
        self.instructions = instructions
    }
}
