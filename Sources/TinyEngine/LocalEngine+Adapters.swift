internal import TinyAdapter
internal import TinyModel

/// From lists of numbers to what the engine runs.
extension LocalEngine {
    /// Requests that run on the same weights.
    struct AdapterGroup {
        /// Packs the weights, or gives those that are there.
        let model: () throws -> LanguageModel
        /// Which requests, each with its change.
        let members: [(index: Int, change: LowRankChange?)]
    }

    /// The model and the change of weights of one adapter; the base model for `nil`.
    func adapted(_ adapter: [Float]?) throws -> (model: LanguageModel, change: LowRankChange?) {
        switch try effect(adapter) {
        case nil: (model, nil)
        case .change(let change): (model, change)
        case .weights(let values): (try LanguageModel(model.configuration, values: values), nil)
        }
    }

    /// Groups requests by the weights they run on: one group for all changes beside the frozen weights, one for each list
    /// of weights. Equal lists are prepared once.
    func groups(_ adapters: [[Float]?]) throws -> [AdapterGroup] {
        var distinct: [[Float]?] = []
        var effects: [AdapterEffect?] = []
        var beside: [(Int, LowRankChange?)] = []
        var replacing: [Int: [(Int, LowRankChange?)]] = [:]
        for (index, adapter) in adapters.enumerated() {
            var place = distinct.firstIndex { $0 == adapter }
            if place == nil {
                place = distinct.count
                distinct.append(adapter)
                effects.append(try effect(adapter))
            }
            guard let place else { continue }
            switch effects[place] {
            case nil: beside.append((index, nil))
            case .change(let change): beside.append((index, change))
            case .weights: replacing[place, default: []].append((index, nil))
            }
        }
        let frozen = beside.isEmpty ? [] : [AdapterGroup(model: { self.model }, members: beside)]
        return frozen
            + replacing.sorted { $0.key < $1.key }.map { place, members in
                AdapterGroup(model: { try self.adapted(distinct[place]).model }, members: members)
            }
    }

    private func effect(_ adapter: [Float]?) throws -> AdapterEffect? {
        guard let adapter else { return nil }
        guard let method, method.parameterCount == adapter.count else {
            throw EngineError(
                .adapterMismatch,
                "an adapter has \(adapter.count) parameters and the policy's method \(parameterCount)")
        }
        return method.effect(of: adapter)
    }
}

/// The gradient of an adapter's numbers, summed over passes.
struct GradientSum {
    private enum Target {
        /// Sums in `Double` of each sequence's folded gradient.
        case mixing(fold: @Sendable ([Float]) -> [Float], sum: [Double])
        case factors(FactorGradient)
        case weights(DenseWeights)
    }

    private var target: Target

    /// Zeros.
    init(_ method: any AdapterMethod, change: LowRankChange?, model: LanguageModel) {
        switch (method.gradient, change) {
        case (.mixing(let fold), _):
            target = .mixing(fold: fold, sum: [Double](repeating: 0, count: method.parameterCount))
        case (.factors, let change?): target = .factors(FactorGradient(of: change.factors))
        case (.weights, _), (.factors, nil):
            target = .weights(DenseWeights(model.configuration.parameterShapes))
        }
    }

    /// Adds the gradient of a pass's weighted log-probabilities.
    mutating func add(_ pass: ScoringPass, weights: [[Float]]) {
        switch target {
        case .mixing(let fold, var sum):
            // Kept per sequence and added in their order, so that the sum does not depend on the division into passes.
            for mixing in pass.mixingGradients(weights) {
                for (index, slope) in fold(mixing).enumerated() { sum[index] += Double(slope) }
            }
            target = .mixing(fold: fold, sum: sum)
        case .factors(let gradient): pass.addFactorGradients(weights, to: gradient)
        case .weights(let gradient): pass.addWeightGradients(weights, to: gradient)
        }
    }

    /// The sum so far, in the order of the adapter's numbers.
    var values: [Float] {
        switch target {
        case .mixing(_, let sum): sum.map { Float($0) }
        case .factors(let gradient): gradient.values
        case .weights(let gradient): gradient.values
        }
    }
}
