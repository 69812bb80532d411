public import TinyEngine
public import TinyFoundation
public import TinyRecords

/// Everything that decides the samples of an evaluation, but the machine and the time.
public struct EvaluationManifest: Record {
    /// One problem set and how it is asked and graded.
    public struct ProblemSetEntry: Record {
        /// Name of the set.
        public var name: String
        /// Problems evaluated.
        public var problems: Int
        /// Hash of their questions and answers, and of whatever else of them decides a grade.
        public var content: String
        /// Name of the prompt style.
        public var promptStyle: String
        /// How the styles did that this one was chosen from; `nil` where it was not.
        public var styleTrials: [StyleTrial]?
        /// Texts that end a completion; `nil` for none.
        public var stopTexts: [String]?
        /// Hash of all prompts.
        public var prompts: String
        /// Name of the grader and its options.
        public var grader: String

        /// Makes an entry from its parts.
        public init(
            name: String, problems: Int, content: String, promptStyle: String,
            styleTrials: [StyleTrial]? = nil, stopTexts: [String]? = nil, prompts: String, grader: String
        ) {
            self.name = name
            self.problems = problems
            self.content = content
            self.promptStyle = promptStyle
            self.styleTrials = styleTrials
            self.stopTexts = stopTexts
            self.prompts = prompts
            self.grader = grader
        }

        private enum CodingKeys: String, CodingKey {
            case name, problems, content, prompts, grader
            case promptStyle = "prompt_style"
            case styleTrials = "style_trials"
            case stopTexts = "stop_texts"
        }
    }

    /// Version of this software.
    public var version: String
    /// The model.
    public var model: Fingerprint
    /// How products with the model's weights were computed: float32 in a file from before there were two ways.
    public var arithmetic: Arithmetic { notedArithmetic ?? .float32 }
    private var notedArithmetic: Arithmetic?
    /// The adapter; `nil` for the base model.
    public var adapter: Fingerprint?
    /// Hash of the chat template; `nil` for plain text.
    public var template: String?
    /// Variables of the chat template; `nil` for none.
    public var templateVariables: TemplateVariables?
    /// The sets, in order.
    public var sets: [ProblemSetEntry]
    /// How tokens are chosen.
    public var sampling: SamplingParameters
    /// Completions of each problem.
    public var samplesPerProblem: Int
    /// Names the random streams.
    public var seed: UInt64
    /// Software of the servers that sampled, such as `vLLM`, without its version; `nil` for this process.
    public var sampler: String?

    /// Makes a manifest from its parts.
    public init(
        version: String, model: Fingerprint, arithmetic: Arithmetic, adapter: Fingerprint?, template: String?,
        templateVariables: TemplateVariables? = nil, sets: [ProblemSetEntry], sampling: SamplingParameters,
        samplesPerProblem: Int, seed: UInt64,
        sampler: String? = nil
    ) {
        self.version = version
        self.model = model
        notedArithmetic = arithmetic
        self.adapter = adapter
        self.template = template
        self.templateVariables = templateVariables
        self.sets = sets
        self.sampling = sampling
        self.samplesPerProblem = samplesPerProblem
        self.seed = seed
        self.sampler = sampler
    }

    private enum CodingKeys: String, CodingKey {
        case version, model, adapter, template, sets, sampling, seed, sampler
        case notedArithmetic = "arithmetic"
        case templateVariables = "chat_template_kwargs"
        case samplesPerProblem = "samples_per_problem"
    }

    /// The first of ``differences(from:)``.
    public func firstDifference(from other: EvaluationManifest) -> (key: String, mine: String, theirs: String)? {
        differences(from: other).first
    }

    /// Everything that would give other samples or verdicts than `other`'s; names of files do not count.
    ///
    /// - Returns: The keys, this manifest's values and the other's.
    public func differences(from other: EvaluationManifest) -> [(key: String, mine: String, theirs: String)] {
        let mine = values, theirs = other.values
        let changed = mine.compactMap { key, value in
            let second = theirs.first { $0.key == key }?.value
            return second == value ? nil : (key: key, mine: value, theirs: second ?? "none")
        }
        let added = theirs.filter { pair in !mine.contains { $0.key == pair.key } }
        return changed + added.map { (key: $0.key, mine: "none", theirs: $0.value) }
    }

    private var values: [(key: String, value: String)] {
        var values = [
            ("version", version), ("model", model.content),
            ("arithmetic", arithmetic.rawValue), ("adapter", adapter?.content ?? "none"),
            ("template", template ?? "none"), ("chat_template_kwargs", templateVariables?.description ?? "none"),
            ("sets", sets.map(\.name).joined(separator: ", ")),
            ("temperature", "\(sampling.temperature)"), ("top_k", sampling.topK.map { "\($0)" } ?? "none"),
            ("top_p", "\(sampling.topP)"), ("max_tokens", "\(sampling.maxTokens)"),
            ("stop_tokens", "\(sampling.stopTokens)"), ("samples_per_problem", "\(samplesPerProblem)"),
            ("seed", "\(seed)"), ("sampler", sampler ?? "this process"),
        ]
        for set in sets {
            values += [
                ("\(set.name).problems", "\(set.problems)"), ("\(set.name).prompt_style", set.promptStyle),
                ("\(set.name).content", set.content), ("\(set.name).prompts", set.prompts),
                ("\(set.name).grader", set.grader),
                ("\(set.name).stop_texts", set.stopTexts.map { "\($0)" } ?? "none"),
            ]
        }
        return values
    }
}
