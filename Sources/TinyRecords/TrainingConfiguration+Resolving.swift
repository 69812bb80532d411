import Foundation

extension TrainingConfiguration {
    /// Reads a configuration from JSON text; keys that are not there keep the values of `defaults`.
    ///
    /// - Throws: ``RecordsError`` naming the key that is unknown or of the wrong kind.
    public init(json: String, over defaults: TrainingConfiguration) throws(RecordsError) {
        let decoder = JSONDecoder()
        decoder.userInfo[.defaults] = defaults
        self = try decoded(json, with: decoder)
    }

    /// The same settings with ``epochs`` turned into ``steps``: as many as it takes to see each of `problems` training
    /// problems, or packs of them, that often, the last step counted in full.
    ///
    /// ```swift
    /// var configuration = TrainingConfiguration()      // 16 problems a step
    /// configuration.epochs = 3
    /// configuration.resolvingEpochs(problems: 7473).steps     // 1402, and epochs is nil
    /// ```
    public func resolvingEpochs(problems: Int) -> TrainingConfiguration {
        guard let epochs else { return self }
        var resolved = self
        let steps = (epochs * Double(problems) / Double(max(1, problemsPerStep))).rounded(.up)
        // Ranges are checked apart from this; a number without an answer must not trap here.
        resolved.steps = steps.isFinite && steps >= 1 ? Int(min(steps, 1e15)) : 1
        resolved.epochs = nil
        return resolved
    }

    /// Training problems that a step takes, or packs of them.
    public var problemsPerStep: Int { algorithm == .sft ? supervised.examplesPerStep : rollout.problemsPerStep }
}

extension CodingUserInfoKey {
    /// A ``TrainingConfiguration`` whose values keys have that a file does not name.
    static let defaults = CodingUserInfoKey(rawValue: "defaults").unsafelyUnwrapped
}
