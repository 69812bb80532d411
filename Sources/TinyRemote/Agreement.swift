internal import TinyEngine
import TinyFoundation

/// How far a server's log-probabilities are from the learner's, on tokens that the server chose greedily after a fixed prompt.
public struct Agreement: Sendable, Codable, Equatable {
    /// The server.
    public var server: String
    /// Name of the adapter; `nil` for the base model.
    public var adapter: String?
    /// Mean absolute difference from the learner with this adapter, in nats.
    public var difference: Double
    /// The same from the learner without an adapter.
    public var baseDifference: Double
    /// How much of the adapter's effect the server shows: 1 for all of it, 0 for the base model's answers. `nil` where the
    /// effect is too small beside the difference of the engines to tell.
    public var share: Double?

    private enum CodingKeys: String, CodingKey {
        case server, adapter, difference, share
        case baseDifference = "base_difference"
    }

    /// A server that computes the same model differs by less, whatever its number type.
    static let largestDifference = 0.5
    /// Standard errors of the share below which it says something.
    static let largestError = 0.2

    /// Compares.
    ///
    /// The share is the least-squares factor of the adapter's effect `a - b` in what the server shows, `s - b`; its standard
    /// error comes from what is left over.
    ///
    /// - Parameters:
    ///   - served: Log-probabilities by the server, s.
    ///   - adapted: By the learner with the adapter, a.
    ///   - base: By the learner without it, b.
    package init(server: String, adapter: String?, served: [Float], adapted: [Float], base: [Float]) {
        self.server = server
        self.adapter = adapter
        let effects = zip(adapted, base).map { Double($0) - Double($1) }
        let shown = zip(served, base).map { Double($0) - Double($1) }
        let count = Double(max(1, served.count))
        difference = zip(shown, effects).reduce(0) { $0 + ($1.0 - $1.1).magnitude } / count
        baseDifference = shown.reduce(0) { $0 + $1.magnitude } / count
        let strength = effects.reduce(0) { $0 + $1 * $1 }
        guard strength > 0, served.count >= 4 else { return }
        let factor = zip(shown, effects).reduce(0) { $0 + $1.0 * $1.1 } / strength
        let rest = zip(shown, effects).reduce(0) { $0 + ($1.0 - factor * $1.1) * ($1.0 - factor * $1.1) }
        let error = (rest / (count - 1) / strength).squareRoot()
        if error <= Self.largestError { share = factor }
    }

    /// Refuses a server of another model, and one that answers with another adapter or none.
    package func require() throws(RemoteError) {
        let what = adapter.map { "the adapter \($0)" } ?? "the base model"
        guard difference <= Self.largestDifference else {
            throw RemoteError(
                .disagreement,
                "log-probabilities of \(server) for \(what) are \(rounded(difference)) from the learner's on average, more "
                    + "than \(Self.largestDifference)",
                hint: "the server has to hold the model that is trained, the same tokens included")
        }
        guard let share, share < 0.5 else { return }
        throw RemoteError(
            .disagreement,
            "\(server) shows \(rounded(share)) of the effect of \(what) instead of 1: it answers as the base model or with "
                + "another adapter")
    }

    private func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}
