import Foundation
import TinyLoRA
import TinyFoundation

extension TrainingRun {
    /// Shows what would be done, from the settings and the sizes of the model alone: no weight is read.
    func describe() throws {
        let directory = try configuration.model ?? AbacusFiles.directory()
        let checkpoint = try Checkpoint(directory: directory)
        var settings = configuration
        if settings.epochs != nil {
            let path = settings.train
            var problems = try path.map { try ProblemSet(contentsOf: $0).problems.count } ?? abacusTrainingProblems
            if path != nil, settings.evaluation.validationFile == nil {
                problems -= min(settings.evaluation.validationProblems, problems)
            }
            settings = settings.resolvingEpochs(problems: problems)
        }
        let design = try settings.adapter.design(for: checkpoint.configuration)
        let outline = RunOutline(
            configuration: settings, design: design, model: checkpoint.configuration,
            name: configuration.model.map { URL(filePath: $0).lastPathComponent } ?? "abacus",
            output: self.directory ?? Self.freshDirectory())
        outline.show(console)
        try console.result(outline)
    }
}

/// Everything about a run that is known before it begins.
struct RunOutline: Encodable {
    let configuration: TrainingConfiguration
    let plan: String
    let trainedParameters: Int
    let groups: [Group]
    let estimate: RunEstimate
    let memory: MemoryEstimate
    let model: String
    let modelParameters: Int
    let output: String

    /// Modules that share numbers.
    struct Group: Encodable {
        let parameters: Int
        let modules: Int
        let first: String
        let last: String
    }

    init(
        configuration: TrainingConfiguration, design: any AdapterDesign, model: ModelConfiguration, name: String,
        output: String
    ) {
        self.configuration = configuration
        plan = design.description
        trainedParameters = design.parameterCount
        groups = (design as? TinyLoRADesign).map { Self.groups(of: $0.plan) } ?? []
        estimate = RunEstimate(configuration)
        memory = MemoryEstimate(configuration, model: model, design: design)
        self.model = name
        modelParameters = model.parameterCount
        self.output = output
    }

    private static func groups(of plan: AdapterPlan) -> [Group] {
        (0..<plan.groupCount).compactMap { group in
            let members = zip(plan.modules, plan.groups).filter { $0.1 == group }.map(\.0)
            guard let first = members.first, let last = members.last else { return nil }
            return Group(parameters: plan.u, modules: members.count, first: short(first), last: short(last))
        }
    }

    private enum CodingKeys: String, CodingKey {
        case configuration, plan, groups, estimate, memory, model, output
        case trainedParameters = "trained_parameters"
        case modelParameters = "model_parameters"
    }

    func show(_ console: Console) {
        let optimiser = configuration.optimiser, evaluation = configuration.evaluation
        console.say("model      \(model) · \(grouped(modelParameters)) parameters")
        console.say("adapter    \(plan) · \(configuration.adapter.elementType.rawValue)")
        for (index, group) in groups.prefix(Self.mostGroups).enumerated() {
            console.say(
                "  group \(column("\(index + 1)", 4))  \(column("\(group.modules)", 4)) modules  \(group.first) … "
                    + group.last)
        }
        if groups.count > Self.mostGroups { console.say("  … \(groups.count - Self.mostGroups) more groups") }
        let algorithm = configuration.algorithm.rawValue
        console.say(
            "training   \(algorithm) · learning rate \(optimiser.learningRate) \(optimiser.schedule.rawValue) · "
                + "seed \(configuration.seed)")
        console.say(
            "steps      \(grouped(configuration.steps)) of \(grouped(estimate.completionsPerStep)) "
                + (configuration.algorithm == .sft ? "solutions" : "completions"))
        if configuration.algorithm != .sft, let completions = estimate.completions, let tokens = estimate.tokensAtMost {
            console.say("tokens     \(grouped(completions)) completions · at most \(grouped(tokens)) tokens")
        }
        console.say(
            "evaluation \(evaluation.problems.map { "\($0) test problems" } ?? "all test problems")"
                + (evaluation.validationProblems > 0 ? " · \(evaluation.validationProblems) validation problems" : "")
                + (evaluation.interval.map { " · every \($0) steps" } ?? " · before and after"))
        for line in memory.lines { console.say(line) }
        console.say("run        \(output)")
        console.say()
        // Every setting can be written: rules keep numbers finite.
        console.say((try? configuration.jsonDocument().trimmingCharacters(in: .newlines)) ?? "")
    }

    private static let mostGroups = 20

    /// `3.down_proj` for `model.layers.3.mlp.down_proj`.
    private static func short(_ module: AdaptedModule) -> String {
        "\(module.layer).\(module.kind.name.split(separator: ".").last ?? "")"
    }
}
