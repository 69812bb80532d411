import Foundation
import TinyLoRA

/// Shows a run that has not started.
func show(_ outline: RunOutline, on console: Console) {
    let configuration = outline.configuration, optimiser = configuration.optimiser
    let evaluation = configuration.evaluation, estimate = outline.estimate
    console.say("model      \(outline.model) · \(grouped(outline.modelParameters)) parameters")
    if let arithmetic = configuration.arithmetic { console.say("arithmetic \(arithmetic.rawValue)") }
    console.say("adapter    \(outline.plan) · \(configuration.adapter.elementType.rawValue)")
    if let initial = outline.initialAdapter { console.say("start      \(initial)") }
    for (index, group) in outline.groups.prefix(mostGroups).enumerated() {
        console.say(
            "  group \(column("\(index)", 4))  \(column("\(group.modules)", 4)) modules  \(group.first) … "
                + group.last)
    }
    if outline.groups.count > mostGroups { console.say("  … \(outline.groups.count - mostGroups) more groups") }
    let rate = "learning rate \(optimiser.learningRate) \(optimiser.schedule.rawValue) · "
    console.say(
        "training   \(configuration.algorithm.rawValue) · " + (configuration.algorithm == .cmaES ? "" : rate)
            + "seed \(configuration.seed)")
    let unit =
        configuration.algorithm != .sft
        ? "completions" : configuration.supervised.packing ? "packs of solutions" : "solutions"
    console.say("steps      \(grouped(configuration.steps)) of \(grouped(estimate.completionsPerStep)) \(unit)")
    if configuration.algorithm != .sft, let completions = estimate.completions, let tokens = estimate.tokensAtMost {
        let most = estimate.completionsAtMost.map { $0 > completions ? ", up to \(grouped($0)) sampled" : "" } ?? ""
        console.say("tokens     \(grouped(completions)) completions\(most) · at most \(grouped(tokens)) tokens")
    }
    let sets = [
        outline.isEvaluated ? evaluation.problems.map { "\($0) test problems" } ?? "all test problems" : nil,
        evaluation.validationProblems > 0 ? "\(evaluation.validationProblems) validation problems" : nil,
    ].compactMap(\.self)
    let times = evaluation.interval.map { "every \($0 == 1 ? "step" : "\($0) steps")" } ?? "before and after"
    console.say("evaluation " + (sets.isEmpty ? "none" : (sets + [times]).joined(separator: " · ")))
    let memory = outline.memory
    console.say(
        "memory     about \(bytes(memory.total)): weights \(bytes(memory.weights)) · factors \(bytes(memory.factors)) · "
            + "cache \(bytes(memory.cache)) · records \(bytes(memory.records)) · optimiser \(bytes(memory.optimiser))"
            + (memory.savesMemory ? " · layers are computed twice, as the records of all have no room" : "")
    )
    console.say("run        \(outline.output)")
    console.say()
    // Every setting can be written: rules keep numbers finite.
    console.say((try? configuration.jsonDocument().trimmingCharacters(in: .newlines)) ?? "")
}

private let mostGroups = 20
