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
        /// The sums of the folded gradients of each side, in `Double`.
        case mixing(Fold, [[Double]])
        case factors([FactorGradient])
        case weights(DenseWeights)
    }
    private var target: Target

    /// What a pass consists of: the first tokens of completions are scored with the prompts.
    enum Side: Int, CaseIterable {
        case completions, prompts
    }

    /// Most parameters for which each unit's gradient is kept; beyond it a step's would take more memory than its records.
    private static let mostUnitParameters = 4096

    /// Zeros.
    init(_ method: any AdapterMethod, change: LowRankChange?, model: LanguageModel, units: Int) {
        let zeros = [Double](repeating: 0, count: method.parameterCount)
        switch (method.gradient, change) {
        case (.mixing(let fold), _) where method.parameterCount <= Self.mostUnitParameters:
            target = .units(fold, [[Double]](repeating: zeros, count: units))
        case (.mixing(let fold), _): target = .mixing(fold, Side.allCases.map { _ in zeros })
        case (.factors, let change?):
            target = .factors(Side.allCases.map { _ in FactorGradient(of: change.factors) })
        case (.weights, _), (.factors, nil): target = .weights(DenseWeights(model.configuration.parameterShapes))
        }
    }

    /// Adds the gradient of the weighted log-probabilities of a pass; `units` names the unit of each of its sequences. A pass
    /// of prompts comes after the passes of all their completions.
    mutating func add(_ side: Side, of pass: ScoringPass, tokenWeights: [[Float]], units: [Int]) {
        switch target {
        case .units(let fold, var sums):
            for (unit, mixing) in zip(units, pass.mixingGradients(tokenWeights)) { sums[unit].add(fold(mixing)) }
            target = .units(fold, sums)
        case .mixing(let fold, var sums):
            for mixing in pass.mixingGradients(tokenWeights) { sums[side.rawValue].add(fold(mixing)) }
            target = .mixing(fold, sums)
        case .factors(let sums): pass.addFactorGradients(tokenWeights, to: sums[side.rawValue])
        case .weights(let gradient): pass.addWeightGradients(tokenWeights, to: gradient)
        }
    }

    /// What was collected, in the order of the adapter's parameters.
    var parts: LearnerGradient.Parts {
        switch target {
        case .units(_, let units): .units(units.map { $0.map { Float($0) } })
        case .mixing(_, let sums): .sum(zip(sums[0], sums[1]).map { Float($0 + $1) })
        case .factors(let sums): .sum(zip(sums[0].values, sums[1].values).map { $0 + $1 })
        case .weights(let gradient): .sum(gradient.values)
        }
    }
}

extension [Double] {
    fileprivate mutating func add(_ gradient: [Float]) {
        for (index, slope) in gradient.enumerated() { self[index] += Double(slope) }
    }
}
