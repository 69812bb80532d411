internal import TinyModel
internal import TinyFoundation

/// An adapter as servers are given it.
struct ServedAdapter: Sendable {
    /// `tl-` and a hash of base model, design and numbers: the same numbers have the same name, others never.
    let name: String
    /// The numbers, as stored.
    let values: [Float]
    /// What they do to the model.
    let change: LowRankChange

    /// The error where a server is asked for an adapter without a method.
    static let unexpected = RemoteError(
        .unsupported, "a request has an adapter, and the sampler was made without a method")
}
