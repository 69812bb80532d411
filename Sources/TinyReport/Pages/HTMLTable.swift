/// A table of a page. Cells hold HTML that has been escaped.
struct HTMLTable {
    struct Column {
        var title: String
        var isNumber = true
        /// What appears when one points at the title.
        var note = ""
    }

    struct Row {
        var cells: [String]
        /// `control` for the untrained model, `chosen`, `group` or nothing.
        var style = ""
    }

    var caption: String
    var columns: [Column]
    var rows: [Row] = []

    /// The table under an identifier that no other element has; columns that are empty in every row are left out.
    func html(id: String) -> String {
        let used = columns.indices.filter { column in rows.contains { !$0.cells[column].isEmpty } }
        // The caption stands outside, so that a narrow table does not make it narrow.
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
