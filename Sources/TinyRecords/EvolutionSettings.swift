import TinyFoundation

/// How an evolution strategy searches: the population, how far it reaches, how rewards become steps.
///
/// Each step draws a population around the trained numbers, lets every member answer the step's problems, and moves to where
/// the rewards were higher. ``OptimiserSettings`` holds the rate of `openes`; `cma-es` needs none.
public struct EvolutionSettings: Sendable, Equatable {
    /// Members of the population; `nil` takes `4 + ⌊3 ln n⌋` for `n` numbers, for `openes` the next even number.
    /// Range: `2...`, for `openes` even, for `cma-es` `4...`. Key `population_size`.
    public var populationSize: Int?
    /// Standard deviation of each number in the population; for `cma-es` at the start. As large as possible while the
    /// mean reward of the first population stays close to the untrained model's. Range: greater than 0. Key `sigma`.
    public var sigma = 0.15
    /// What turns the estimated gradient of `openes` into a step. Key `es_optimizer`.
    public var optimiser = EvolutionOptimiser.adam
    /// What the rewards of `openes` are turned into before they are weighted. Key `fitness_shaping`.
    public var shaping = FitnessShaping.rank
    /// How the directions of `openes` are drawn. Key `es_directions`.
    public var directions = EvolutionDirections.orthogonal
    /// Whether all members sample with the same random numbers, so that equal behaviour gives equal rewards.
    /// Key `common_random_numbers`.
    public var usesCommonRandomNumbers = true

    /// A population as the number of trained numbers suggests.
    public init() {}

    static let fields: [SettingField] = [
        .init("population_size", \.evolution.populationSize), .init("sigma", \.evolution.sigma),
        .init(choice: "es_optimizer", \.evolution.optimiser),
        .init(choice: "fitness_shaping", \.evolution.shaping), .init(choice: "es_directions", \.evolution.directions),
        .init("common_random_numbers", \.evolution.usesCommonRandomNumbers),
    ]

    /// Keys that `cma-es` does not use.
    static let openESKeys = ["es_optimizer", "fitness_shaping", "es_directions"]

    func check(_ rules: inout Rules, algorithm: Algorithm) {
        rules.require(positive: sigma, "sigma")
        guard let populationSize else { return }
        rules.require(populationSize, atMost: Rules.mostOfAStep, "population_size")
        switch algorithm {
        case .cmaES:
            rules.require(populationSize, atLeast: 4, "population_size", " (cma-es)")
        case .openES:
            rules.require(
                populationSize >= 2 && populationSize.isMultiple(of: 2), "population_size",
                "is \(populationSize), must be an even number; openes draws its members in pairs")
        default:
            rules.require(populationSize, atLeast: 2, "population_size")
        }
    }
}

/// What turns an estimated gradient into a step.
public enum EvolutionOptimiser: String, Sendable, Codable, CaseIterable {
    /// AdamW, as for algorithms with a backward pass.
    case adam
    /// The gradient times the learning rate.
    case sgd
}

/// What the rewards of a population are turned into before they are weighted.
public enum FitnessShaping: String, Sendable, Codable, CaseIterable {
    /// Ranks, spread evenly from -½ to ½; equal rewards share the mean of their ranks. Only the order counts.
    case rank
    /// Distances from the mean in standard deviations.
    case standardize
    /// The rewards themselves.
    case none
}

/// How the directions of a population are drawn.
public enum EvolutionDirections: String, Sendable, Codable, CaseIterable {
    /// Independent normal deviates.
    case gaussian
    /// The same, made orthogonal in blocks of as many as there are numbers, each with the length it had.
    case orthogonal
}

extension TrainingConfiguration {
    /// Takes the defaults of evolution strategies: one completion of each problem per member, rewards as they are, a
    /// learning rate of 0.15, whatever ``EvolutionSettings/sigma`` is.
    mutating func applyEvolutionDefaults() {
        rollout.groupSize = 1
        loss.scaleRewards = .none
        optimiser.learningRate = 0.15
    }

    /// The recipe of the demonstration on Abacus for an algorithm, whose defaults come on top. Evolution strategies take 40
    /// steps of 16 problems for each of 16 members, as many completions as the others' 80 steps of 16 × 8 (see
    /// `Documentation/Evolution.md`).
    public static func demonstration(of algorithm: Algorithm) -> TrainingConfiguration {
        var recipe = demonstration
        if algorithm != .grpo { recipe.apply(algorithm) }
        guard algorithm.isEvolution else { return recipe }
        recipe.steps = 40
        recipe.evolution.populationSize = 16
        return recipe
    }
}
