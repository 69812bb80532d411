// Files of a hub of models and data sets: HTTP, checksums and the cache that Hugging Face's tools share.
//
// This target does not know: what a model is, which of its files matter, terminals.

public import TinyFoundation

/// Why a file cannot be fetched or found in the cache.
public typealias HubError = CodedError<HubErrorCode>

/// The codes of ``HubError``.
public enum HubErrorCode: Sendable {
    /// An environment variable or an argument has a value that cannot be used.
    case invalidSetting
    /// The hub has no such repository, or none that this user may see.
    case unknownRepository
    /// The repository has no such branch, tag or commit.
    case unknownRevision
    /// The repository has no such file.
    case unknownFile
    /// A token is missing or not sufficient, or the repository's terms are not accepted.
    case accessDenied
    /// The hub refuses more requests for now.
    case tooManyRequests
    /// The hub answered with an error of its own.
    case serverFailed
    /// The hub cannot be reached, or the connection ended early each time.
    case connectionFailed
    /// The hub's answer is not what its interface promises: a malformed listing, an unsafe file name, an endless redirection.
    case invalidAnswer
    /// A file is longer or shorter than the hub's listing says.
    case wrongSize
    /// A file's bytes are not those of the listing.
    case wrongChecksum
    /// Nothing may be fetched, and the cache does not have what was asked for.
    case offline
    /// The cache cannot be written.
    case unwritable
    /// The disk has less room than the files need.
    case diskFull
}
