internal import TinyAdapter
internal import TinyModel

/// The gradient of an adapter's parameters, collected over passes.
///
/// Completions and prompts are added up apart where their order would otherwise depend on the division into passes.
struct CollectedGradient {
    private typealias Fold = @Sendable ([Float]) -> [Float]
    private enum Target {
        /// Each unit's folded gradient, in `Double`: its completions in order, then its prompt.
        case units(Fold, [[Double]])
        /// The sums of the folded gradients of all completions and of all prompts, in `Double`.
        case mixing(Fold, completions: [Double], prompts: [Double])
        case factors(completions: FactorGradient, prompts: FactorGradient)
        case weights(DenseWeights)
    }
    private var target: Target

    /// Most parameters for which each unit's gradient is kept; beyond it a step's would take more memory than its records.
    private static let mostUnitParameters = 4096

    /// Zeros.
    init(_ method: any AdapterMethod, change: LowRankChange?, model: LanguageModel, units: Int) {
        let zeros = [Double](repeating: 0, count: method.parameterCount)
        switch (method.gradient, change) {
        case (.mixing(let fold), _) where method.parameterCount <= Self.mostUnitParameters:
            target = .units(fold, [[Double]](repeating: zeros, count: units))
        case (.mixing(let fold), _): target = .mixing(fold, completions: zeros, prompts: zeros)
        case (.factors, let change?):
            target = .factors(
                completions: FactorGradient(of: change.factors), prompts: FactorGradient(of: change.factors))
        case (.weights, _), (.factors, nil): target = .weights(DenseWeights(model.configuration.parameterShapes))
        }
    }

    /// Adds the gradient of the weighted log-probabilities of a pass of completions; `units` names the unit of each.
    mutating func add(completions pass: ScoringPass, tokenWeights: [[Float]], units: [Int]) {
        switch target {
        case .units: addUnits(pass, tokenWeights, units)
        case .mixing(let fold, var completions, let prompts):
            Self.add(pass.mixingGradients(tokenWeights).map(fold), to: &completions)
            target = .mixing(fold, completions: completions, prompts: prompts)
        case .factors(let completions, _): pass.addFactorGradients(tokenWeights, to: completions)
        case .weights(let gradient): pass.addWeightGradients(tokenWeights, to: gradient)
        }
    }

    /// The same for a pass of prompts, after the passes of all their completions.
    mutating func add(prompts pass: ScoringPass, tokenWeights: [[Float]], units: [Int]) {
        switch target {
        case .units: addUnits(pass, tokenWeights, units)
        case .mixing(let fold, let completions, var prompts):
            Self.add(pass.mixingGradients(tokenWeights).map(fold), to: &prompts)
            target = .mixing(fold, completions: completions, prompts: prompts)
        case .factors(_, let prompts): pass.addFactorGradients(tokenWeights, to: prompts)
        case .weights(let gradient): pass.addWeightGradients(tokenWeights, to: gradient)
        }
    }

    private mutating func addUnits(_ pass: ScoringPass, _ tokenWeights: [[Float]], _ units: [Int]) {
        guard case .units(let fold, var sums) = target else { return }
        for (unit, mixing) in zip(units, pass.mixingGradients(tokenWeights)) {
            Self.add([fold(mixing)], to: &sums[unit])
        }
        target = .units(fold, sums)
    }

    private static func add(_ gradients: [[Float]], to sum: inout [Double]) {
        for gradient in gradients {
            for (index, slope) in gradient.enumerated() { sum[index] += Double(slope) }
        }
    }

    /// What was collected, in the order of the adapter's parameters.
    var parts: LearnerGradient.Parts {
        switch target {
        case .units(_, let units): .units(units.map { $0.map { Float($0) } })
        case .mixing(_, let completions, let prompts): .sum(zip(completions, prompts).map { Float($0 + $1) })
        case .factors(let completions, let prompts): .sum(zip(completions.values, prompts.values).map { $0 + $1 })
        case .weights(let gradient): .sum(gradient.values)
        }
    }
}
