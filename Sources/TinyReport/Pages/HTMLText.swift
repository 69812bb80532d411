/// Text as it stands in HTML and SVG: no character can end an element or an attribute, and none is forbidden in XML.
package func escaped(_ text: String) -> String {
    var out = ""
    out.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": out += "&amp;"
        case "<": out += "&lt;"
        case ">": out += "&gt;"
        case "\"": out += "&quot;"
        case "\t", "\n", "\r": out.unicodeScalars.append(scalar)
        case "\u{0}"..<"\u{20}", "\u{7F}", "\u{FFFE}", "\u{FFFF}": out += "\u{FFFD}"
        default: out.unicodeScalars.append(scalar)
        }
    }
    return out
}

/// A file's path as a link; what is not plain is written in percent signs.
package func linked(_ path: String) -> String {
    var out = ""
    for byte in path.utf8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: "/"), UInt8(ascii: "~"):
            out.unicodeScalars.append(Unicode.Scalar(byte))
        default:
            let digits = String(byte, radix: 16, uppercase: true)
            out += "%" + (digits.count < 2 ? "0" : "") + digits
        }
    }
    // A first part with a colon would read as a scheme; percent signs have taken care of the colon already.
    return out
}

/// The path that leads from a folder to a place; both absolute. The place itself when they share no folder.
package func relativePath(from folder: String, to path: String) -> String {
    let start = folder.split(separator: "/"), end = path.split(separator: "/")
    let shared = zip(start, end).prefix { $0 == $1 }.count
    guard shared > 0 || start.isEmpty else { return path }
    let steps = Array(repeating: "..", count: start.count - shared) + end[shared...].map(String.init)
    return steps.isEmpty ? "." : steps.joined(separator: "/")
}
