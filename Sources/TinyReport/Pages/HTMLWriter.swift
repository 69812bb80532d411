import Foundation

/// Collects the text of a page and counts its figures and tables. Its input is already escaped.
struct HTMLWriter {
    private(set) var text = ""
    private var figures = 0
    private var tables = 0
    private var identifiers = 0

    mutating func add(_ html: String) { text += html }

    /// Ends a figure with its caption: `<b>Figure 2.</b> …`.
    mutating func endFigure(caption: String) {
        figures += 1
        text += "<figcaption><b>Figure \(figures).</b> \(caption)</figcaption></figure>\n"
    }

    /// Adds a table under its caption: `<b>Table 2.</b> …`. A table without rows counts but is left out.
    ///
    /// - Parameter anchor: An element to put before the caption.
    mutating func add(_ table: HTMLTable, caption: String, anchor: String = "") {
        tables += 1
        guard !table.rows.isEmpty else { return }
        text += table.html(id: identifier(), caption: "\(anchor)<b>Table \(tables).</b> \(caption)")
    }

    /// A name that no other element of the page has.
    mutating func identifier() -> String {
        identifiers += 1
        return "c\(identifiers)"
    }
}

/// A table of a page. Its input is already escaped.
struct HTMLTable {
    struct Column {
        let title: String
        let isNumber: Bool
        /// Tooltip of the title.
        let note: String

        static func text(_ title: String) -> Column { Column(title: title, isNumber: false, note: "") }

        static func number(_ title: String, note: String = "") -> Column {
            Column(title: title, isNumber: true, note: note)
        }
    }

    let columns: [Column]
    private(set) var rows: [(cells: [String], style: String)] = []

    init(columns: [Column]) { self.columns = columns }

    /// - Parameter style: `control` for the untrained model, `group` for the first row of several, or nothing.
    mutating func add(_ cells: [String], style: String = "") { rows.append((cells, style)) }

    /// The row of the untrained model.
    mutating func addUntrained(_ cells: [String]) { add(["untrained (adapter 0)"] + cells, style: "control") }

    /// The table under an identifier that no other element has; columns that are empty in every row are left out.
    fileprivate func html(id: String, caption: String) -> String {
        let used = columns.indices.filter { column in rows.contains { !$0.cells[column].isEmpty } }
        // The caption is outside the table, so that a narrow table does not make it narrow.
        var out = "<figure><figcaption id=\"\(id)\">\(caption)</figcaption>"
        out += "<div class=\"scroll\"><table aria-labelledby=\"\(id)\">\n<thead><tr>"
        for column in used.map({ columns[$0] }) {
            let note = column.note.isEmpty ? "" : " title=\"\(escaped(column.note))\""
            out += "<th scope=\"col\"\(column.isNumber ? " class=\"n\"" : "")\(note)>\(column.title)</th>"
        }
        out += "</tr></thead>\n<tbody>\n"
        for row in rows {
            out += row.style.isEmpty ? "<tr>" : "<tr class=\"\(row.style)\">"
            for column in used {
                out += (columns[column].isNumber ? "<td class=\"n\">" : "<td>") + row.cells[column] + "</td>"
            }
            out += "</tr>\n"
        }
        return out + "</tbody></table></div></figure>\n"
    }
}

/// A text escaped for HTML and SVG: no character can end an element or an attribute, and none is forbidden in XML.
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

/// A file's path as a link, percent-encoded.
package func linked(_ path: String) -> String {
    // The colon is not among them: a first part with a colon would read as a scheme.
    let plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./~"
    return path.addingPercentEncoding(withAllowedCharacters: CharacterSet(charactersIn: plain)) ?? path
}

/// The relative path from a folder to `path`; both are absolute. `path` itself when they share no folder.
package func relativePath(from folder: String, to path: String) -> String {
    let start = folder.split(separator: "/"), end = path.split(separator: "/")
    let shared = zip(start, end).prefix { $0 == $1 }.count
    guard shared > 0 || start.isEmpty else { return path }
    let steps = Array(repeating: "..", count: start.count - shared) + end[shared...].map(String.init)
    return steps.isEmpty ? "." : steps.joined(separator: "/")
}
