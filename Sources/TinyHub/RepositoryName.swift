internal import Foundation

/// The name of a model on a hub: `Qwen/Qwen2.5-0.5B-Instruct`.
public struct RepositoryName: Sendable, Hashable, CustomStringConvertible {
    /// Whose it is.
    public let owner: String
    /// What it is called.
    public let name: String

    /// Reads `owner/name`; `nil` where the hub allows no such name.
    ///
    /// Both are letters, digits, `-`, `_` and `.`, begin and end with neither `-` nor `.`, and have no `--` and `..`; together
    /// they have at most 96 characters. Source: huggingface_hub's `validate_repo_id`.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, text.utf8.count <= 96, parts.allSatisfy(Self.isAllowed), !text.hasSuffix(".git") else {
            return nil
        }
        (owner, name) = (parts[0], parts[1])
    }

    private static func isAllowed(_ part: String) -> Bool {
        guard let first = part.utf8.first, let last = part.utf8.last else { return false }
        let marks = "-.".utf8
        return !marks.contains(first) && !marks.contains(last) && !part.contains("--") && !part.contains("..")
            && part.utf8.allSatisfy { isLetterOrDigit($0) || "-_.".utf8.contains($0) }
    }

    /// `owner/name`.
    public var description: String { "\(owner)/\(name)" }
}

/// Whether a path of a listing or a revision stays below the folder that it is put into.
///
/// - Returns: `false` for an absolute path, for components that are empty, `.`, `..` or longer than a file name may be, and for
///   backslashes and control characters.
func isSafePath(_ path: String) -> Bool {
    let components = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    return path.utf8.count <= 1024
        && components.allSatisfy { component in
            !component.isEmpty && component.count <= 255 && !component.elementsEqual(".".utf8)
                && !component.elementsEqual("..".utf8)
                && component.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") }
        }
}

/// Whether a text is a hash of so many hexadecimal digits, in lower case.
func isHash(_ text: String, digits: Int) -> Bool {
    text.utf8.count == digits && text.utf8.allSatisfy { isDigit($0) || (0x61...0x66).contains($0) }
}

private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

private func isLetterOrDigit(_ byte: UInt8) -> Bool {
    isDigit(byte) || (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte)
}
