public import Foundation

/// The folder of the committed fixtures of a target.
public func fixtures(of target: String) -> URL {
    root.appendingPathComponent("Tests/Fixtures/\(target)")
}

/// A folder of `shared/data`, which lies beside some checkouts and holds published files; nil when there is none.
public func sharedData(_ folder: String) -> URL? {
    ["../shared/data/", "../../shared/data/"].lazy
        .map { root.appendingPathComponent($0 + folder).standardizedFileURL }
        .first { FileManager.default.fileExists(atPath: $0.path) }
}

/// The root of the package.
private let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

/// The contents of a `.gz` file.
public func decompressed(_ file: URL) throws -> Data {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["gzip", "-dc", file.path]
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw CocoaError(.fileReadCorruptFile) }
    return data
}

/// Random texts of difficult cases: every class of character, contractions, white space in all combinations.
public struct TrickyTexts {
    private var state: UInt64

    private static let pools: [[Unicode.Scalar]] = [
        Array("abcdefstmLVRxyz".unicodeScalars), Array("0123456789".unicodeScalars), Array(" \t\n\r".unicodeScalars),
        Array(".,;:'\"()<|>-_".unicodeScalars), Array("éßñſŉǅﬆİ".unicodeScalars), Array("一中語か한각".unicodeScalars),
        ["\u{301}", "\u{308}", "\u{327}", "\u{1161}", "\u{11A8}", "\u{93C}", "\u{344}", "\u{212B}"],
        ["\u{A0}", "\u{85}", "\u{2028}", "\u{3000}", "\u{B}", "\u{1C}", "\u{200B}", "\u{0}", "\u{FEFF}"],
        ["\u{664}", "\u{2461}", "\u{2167}", "\u{BD}", "\u{1D7D8}"],
        ["\u{1F600}", "\u{1F3FD}", "\u{200D}", "\u{10348}"],
    ]
    private let passages: [String]

    /// - Parameters:
    ///   - seed: Random seed.
    ///   - token: An added token to put into them.
    public init(seed: UInt64, token: String = "<|endoftext|>") {
        state = seed
        passages = ["'s", "'LL", "'Re", " the", "  ", "\n\n", "\r\n", " 12", token]
    }

    /// Another text.
    public mutating func next() -> String {
        var text = ""
        for _ in 0...below(12) {
            if below(4) == 0 {
                text += passages[below(passages.count)]
            } else {
                let pool = Self.pools[below(Self.pools.count)]
                for _ in 0...below(3) { text.unicodeScalars.append(pool[below(pool.count)]) }
            }
        }
        return text
    }

    /// A number in `0 ..< bound`.
    public mutating func below(_ bound: Int) -> Int {
        // Source: Steele et al., "Fast splittable pseudorandom number generators", OOPSLA 2014 (SplitMix64).
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
    }
}
