import Foundation

/// A request that cannot be carried out, in one sentence.
struct UsageError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
