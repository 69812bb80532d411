/// How many requests one server has under way at most: half of them after one that the server's time limit ended, one more after
/// as many successes as there are places.
///
/// A server that computes its requests together is late with all of them, and would be late again with the same ones.
package struct RequestLimit: Sendable {
    /// At least 1.
    package var count: Int { Int(places) }
    /// How often it became less.
    package private(set) var reductions = 0
    private let most: Double
    private var places: Double

    /// The server's own number, at least 1.
    package init(_ most: Int) {
        self.most = Double(max(1, most))
        places = self.most
    }

    /// A request was answered.
    package mutating func succeeded() { places = min(most, places + 1 / places) }

    /// A request ran out of time.
    ///
    /// - Parameters:
    ///   - load: Requests under way, with this one.
    ///   - reductions: ``reductions`` when it was sent: what was sent before the last one says nothing about the number since.
    package mutating func ranOut(of load: Int, since reductions: Int) {
        guard reductions == self.reductions else { return }
        places = max(1, (min(places, Double(load)) / 2).rounded(.down))
        self.reductions += 1
    }
}
