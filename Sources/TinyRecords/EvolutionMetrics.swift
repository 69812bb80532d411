/// What was measured of one step of an evolution strategy; absent for other algorithms.
///
/// The fitness of a member is its mean reward over the step's problems. ``fitnessBest``, ``fitnessMean`` and ``fitnessDeviation`` are of
/// the rewards as they were earned, so that runs compare. ``tiedMembers`` is of the fitness that the strategy was given, whose
/// rewards are divided as ``LossSettings/scaleRewards`` says.
public struct EvolutionMetrics: Sendable, Equatable, Codable {
    /// Members of the population.
    public var populationSize = 0
    /// Step size with which the population was drawn; for `openes` the constant standard deviation.
    public var stepSize = 0.0
    /// Root mean square distance of a member's numbers from the trained numbers, per number, as used.
    public var spread = 0.0
    /// Longest axis of the population's distribution divided by the shortest.
    public var axisRatio = 1.0
    /// Fitness of the best member, rewards undivided.
    public var fitnessBest = 0.0
    /// Mean fitness, rewards undivided.
    public var fitnessMean = 0.0
    /// Standard deviation of the fitness (divisor one less than the members), rewards undivided.
    public var fitnessDeviation = 0.0
    /// Members whose fitness some other member shares, rewards divided as they were for the strategy.
    public var tiedMembers = 0
    /// Euclidean distance by which the trained numbers moved.
    public var updateNorm = 0.0

    /// Nothing measured yet.
    public init() {}

    enum CodingKeys: String, CodingKey {
        case populationSize = "evolution/population_size"
        case stepSize = "evolution/step_size"
        case spread = "evolution/spread"
        case axisRatio = "evolution/axis_ratio"
        case fitnessBest = "evolution/fitness_best"
        case fitnessMean = "evolution/fitness_mean"
        case fitnessDeviation = "evolution/fitness_std"
        case tiedMembers = "evolution/tied_members"
        case updateNorm = "evolution/update_norm"
    }
}
