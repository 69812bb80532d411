/// The trained numbers and the optimiser's state: everything needed to resume a run.
public struct TrainingState: Record {
    /// The trained numbers in full precision, in the adapter's order.
    public var parameters: [Float]
    /// Mean gradient of each, AdamW's first moment; empty where an algorithm has none.
    public var firstMoment: [Float]
    /// Mean squared gradient of each, AdamW's second moment; empty where an algorithm has none.
    public var secondMoment: [Float]
    /// Updates made so far.
    public var updates: Int
    /// Other state of the algorithm, by name.
    public var buffers: [String: [Double]]

    /// Makes a state from its parts.
    public init(
        parameters: [Float], firstMoment: [Float], secondMoment: [Float], updates: Int,
        buffers: [String: [Double]] = [:]
    ) {
        self.parameters = parameters
        self.firstMoment = firstMoment
        self.secondMoment = secondMoment
        self.updates = updates
        self.buffers = buffers
    }

    /// The state before the first update: `parameters` with empty moments of zeros.
    public init(starting parameters: [Float]) {
        let zeros = [Float](repeating: 0, count: parameters.count)
        self.init(parameters: parameters, firstMoment: zeros, secondMoment: zeros, updates: 0)
    }

    /// How many numbers the state consists of.
    public var numberCount: Int {
        buffers.values.reduce(parameters.count + firstMoment.count + secondMoment.count) { $0 + $1.count }
    }

    private enum CodingKeys: String, CodingKey {
        case parameters, updates, buffers
        case firstMoment = "first_moment"
        case secondMoment = "second_moment"
    }

    /// Reads a state; one without `buffers` has none.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        parameters = try container.decode([Float].self, forKey: .parameters)
        firstMoment = try container.decode([Float].self, forKey: .firstMoment)
        secondMoment = try container.decode([Float].self, forKey: .secondMoment)
        updates = try container.decode(Int.self, forKey: .updates)
        buffers = try container.decodeIfPresent([String: [Double]].self, forKey: .buffers) ?? [:]
    }

    /// Writes a state; `buffers` only where there are any.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(parameters, forKey: .parameters)
        try container.encode(firstMoment, forKey: .firstMoment)
        try container.encode(secondMoment, forKey: .secondMoment)
        try container.encode(updates, forKey: .updates)
        if !buffers.isEmpty { try container.encode(buffers, forKey: .buffers) }
    }
}
