/// Reads a token as text in which a mark stands for a space, or as the single byte that it names.
struct MarkedSpaceDecoder: TokenDecoder {
    /// What stands for a space, and what it becomes.
    let marks: Substitution
    /// Whether tokens such as `<0x0A>` stand for bytes.
    let readsBytes: Bool

    func appendBytes(of spelling: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
        if readsBytes, let byte = ByteToken.byte(spelledBy: spelling) {
            bytes.append(byte)
        } else {
            marks.replace(in: spelling, into: &bytes)
        }
    }
}

/// Reads a token as the text it is spelled with, or as the single byte that it names.
struct PlainDecoder: TokenDecoder {
    let readsBytes: Bool

    func appendBytes(of spelling: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
        if readsBytes, let byte = ByteToken.byte(spelledBy: spelling) {
            bytes.append(byte)
        } else {
            bytes.append(contentsOf: spelling)
        }
    }
}
