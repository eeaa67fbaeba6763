# want: 30.5
import sqlite3


def render(dataset, filters, params):
    database = sqlite3.connect(":memory:")
    dataset[["region", "amount"]].to_sql("sales", database, index=False)
    return str(database.execute("select sum(amount) from sales where region = '東京'").fetchone()[0])
