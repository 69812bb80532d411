internal import Foundation
internal import TinyFoundation

/// A file of a repository, as the hub lists it.
struct RemoteFile: Sendable, Hashable {
    /// Path in the repository.
    let path: String
    /// Size in bytes.
    let byteCount: Int
    let checksum: Checksum

    /// What identifies a file's bytes, and names it in the cache.
    enum Checksum: Sendable, Hashable {
        /// 64 digits; of files in large-file storage.
        case sha256(String)
        /// 40 digits; of all others. Git hashes the size in front of the bytes.
        case gitBlob(String)

        var digits: String {
            switch self {
            case .sha256(let digits), .gitBlob(let digits): digits
            }
        }

        /// The hash of these bytes, of the same kind.
        func digits(of bytes: UnsafeRawBufferPointer) -> String {
            switch self {
            case .sha256: return SHA256.hash(bytes).hexadecimal
            case .gitBlob:
                var hash = SHA1()
                Array("blob \(bytes.count)\0".utf8).withUnsafeBytes { hash.update($0) }
                hash.update(bytes)
                return hash.finish()
            }
        }
    }
}
